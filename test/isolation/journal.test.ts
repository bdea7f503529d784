import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { clearUp } from '../../src/isolation/ledger/clear.js'
import { openJournal, readJournal } from '../../src/isolation/ledger/journal.js'
import { runSuite } from '../../src/isolation/runner.js'
import { TOKENS } from './support/play.js'
import { startWorld } from './support/world.js'

const folder = mkdtempSync(join(tmpdir(), 'authkit-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const HEAD = { runId: 'isoabcdef', target: 'http://127.0.0.1:1', startedAt: '2026-01-01T00:00:00Z' }

describe('the ledger on disk', () => {
  it('is readable by its owner only, holds every object, and goes when all is clear', () => {
    const journal = openJournal(join(folder, 'deep', 'a.jsonl'), HEAD)
    expect(statSync(journal.file).mode & 0o777).toBe(0o600)
    const thread = { kind: 'thread', id: 't1', owner: 'alice' } as const
    const item = { kind: 'item', id: 'k', owner: 'bob', namespace: ['a', 'b'] } as const
    const disguised = { ...thread, id: 't2', owner: 'nobody', disguise: { headers: { 'x-user': '{alice}' } } } as const
    for (const entry of [thread, item, disguised]) journal.write(entry)
    expect(readJournal(journal.file)).toMatchObject({ ...HEAD, entries: [thread, item, disguised] })
    journal.remove()
    expect(() => readJournal(journal.file)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('passes over a last line that a crash cut off', () => {
    const journal = openJournal(join(folder, 'cut.jsonl'), HEAD)
    journal.write({ kind: 'thread', id: 't1', owner: 'alice' })
    writeFileSync(journal.file, `${readFileSync(journal.file, 'utf8')}{"kind":"thr`)
    expect(readJournal(journal.file).entries).toHaveLength(1)
  })

  it.each([
    ['nothing', ''],
    ['prose', 'hello\n'],
    ['another schema', '{"schema":2}\n'],
    ['an unknown kind', `${JSON.stringify({ schema: 1, ...HEAD })}\n{"kind":"universe","id":"x","owner":"alice"}\n`],
    ['a broken line', `${JSON.stringify({ schema: 1, ...HEAD })}\nnot json\n`],
  ])('refuses a file with %s', (_, text) => {
    const file = join(folder, 'bad.jsonl')
    writeFileSync(file, text)
    expect(() => readJournal(file)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('is never written over another', () => {
    openJournal(join(folder, 'once.jsonl'), HEAD)
    expect(() => openJournal(join(folder, 'once.jsonl'), HEAD)).toThrow(
      expect.objectContaining({ code: 'not_writable' }),
    )
  })
})

describe('a run that ends without clearing up', () => {
  it('is cleared up later by its ledger, and nothing else is touched', async () => {
    const world = await startWorld()
    try {
      const foreign = await world.server.as('user1-token').thread()
      const ledgerFile = join(folder, 'kept.jsonl')
      const checks = CHECKS.filter(({ id }) => /^(thread.read|store.get|assistant.update|run.cancel)$/.test(id))
      const suite = runSuite({ target: world.url, tokens: TOKENS, checks, keep: true, ledgerFile })
      for await (const event of suite) {
        if (event.kind === 'finished') expect(event.ledgers).toEqual([ledgerFile])
      }
      const before = await world.remaining()
      expect(before.threads).toBeGreaterThan(3)
      expect(readFileSync(ledgerFile, 'utf8')).not.toMatch(/user[12]-token/)

      const cleared = await clearUp({ target: world.url, tokens: TOKENS, journal: readJournal(ledgerFile) })
      expect(cleared.left).toEqual([])
      expect(await world.remaining()).toEqual({ threads: 1, assistants: 0, crons: 0, items: 0 })
      expect((await world.server.as('user1-token').get(`/threads/${foreign}`)).status).toBe(200)
    } finally {
      await world.close()
    }
  })
})
