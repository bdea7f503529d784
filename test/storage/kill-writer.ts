// Writes for ever, and says each write only after storage has acknowledged it. It is there to be killed.
import { writeSync } from 'node:fs'
import { systemScope } from '../../src/engine/scope.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'

const scope = systemScope('a test that is killed')
const storage = await openSqliteStorage(process.argv[2] as string)
const say = (line: string) => writeSync(1, `${line}\n`)

for (let count = 0; ; count++) {
  const id = `${process.pid}-${count}`
  await storage.threads.create(scope, { thread_id: id, metadata: { owner: 'alice' } }, 'raise')
  say(`created ${id}`)
  await storage.threads.update(scope, id, { metadata: { updated: true } })
  say(`updated ${id}`)
  await storage.items.put(scope, {
    namespace: ['kill'],
    key: id,
    value: { big: 'x'.repeat(5000) },
    searchText: null,
    ttl: null,
  })
  say(`item ${id}`)
}
