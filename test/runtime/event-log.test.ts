import { expect, it } from 'vitest'
import { createEventLog, type EventLog } from '../../src/runtime/event-log.js'

async function read(log: EventLog, from: number, signal?: AbortSignal): Promise<string[]> {
  const events: string[] = []
  for await (const { id, event } of log.read(from, signal)) events.push(`${id}:${event}`)
  return events
}

it('every reader gets every event from where it starts, in order', async () => {
  const log = createEventLog()
  log.append('a', '1')
  const readers = [read(log, 0), read(log, 1), read(log, -5), read(log, 99)]
  log.append('b', '2')
  await Promise.resolve()
  log.append('c', '3')
  log.end()
  expect(await Promise.all(readers)).toEqual([
    ['0:a', '1:b', '2:c'],
    ['1:b', '2:c'],
    ['0:a', '1:b', '2:c'],
    ['1:b', '2:c'],
  ])
  expect(await read(log, 0)).toEqual(['0:a', '1:b', '2:c'])
  expect(await read(log, log.nextId)).toEqual([])
})

it('takes nothing after its end', () => {
  const log = createEventLog()
  log.end()
  log.append('late', '1')
  expect([log.nextId, log.ended]).toEqual([0, true])
})

it('a reader can leave while it waits, and before', async () => {
  const log = createEventLog()
  const leaving = new AbortController()
  const reading = read(log, 0, leaving.signal)
  log.append('a', '1')
  await new Promise((resolve) => setTimeout(resolve, 5))
  leaving.abort()
  expect(await reading).toEqual(['0:a'])
  expect(await read(log, 0, AbortSignal.abort())).toEqual([])
})

it('a name cannot hold a line break', async () => {
  const log = createEventLog()
  for (const name of ['a\nb', 'a\rb', 'a\r\nb', 'values|x\n\ndata: 1']) log.append(name, '1')
  log.end()
  for (const line of await read(log, 0)) expect(line).not.toMatch(/[\r\n]/)
})
