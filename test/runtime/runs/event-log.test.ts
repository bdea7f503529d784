import { describe, expect, it } from 'vitest'
import { createEventLog, type EventLog, type StreamEvent } from '../../../src/runtime/runs/event-log.js'

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

describe('a stream that is longer than memory', () => {
  function spilling({ failing = false } = {}) {
    const moved = new Map<number, StreamEvent>()
    const spill = {
      async write(events: readonly StreamEvent[]) {
        await Promise.resolve()
        if (failing) throw new Error('the disk is full')
        for (const event of events) moved.set(event.id, event)
      },
      read: async (from: number, limit: number) => [...moved.values()].filter(({ id }) => id >= from).slice(0, limit),
    }
    return { moved, log: createEventLog({ spill, windowBytes: 2000 }) }
  }
  const numbers = (count: number) => Array.from({ length: count }, (_, id) => `${id}:e`)

  it('moves its beginning, and every reader still gets all of it', async () => {
    const { log, moved } = spilling()
    const early = read(log, 0)
    let most = 0
    for (let id = 0; id < 500; id++) {
      log.append('e', JSON.stringify('x'.repeat(50)))
      await log.room()
      most = Math.max(most, log.bytes)
    }
    const late = read(log, 0)
    const middle = read(log, 123)
    for (let id = 500; id < 600; id++) log.append('e', '1')
    log.end()
    expect(await early).toEqual(numbers(600))
    expect(await late).toEqual(numbers(600))
    expect(await middle).toEqual(numbers(600).slice(123))
    expect(await read(log, 0)).toEqual(numbers(600))
    expect(moved.size).toBeGreaterThan(400)
    expect(log.spilled).toBe(true)
    expect(most).toBeLessThan(10_000)
  })

  it('makes a writer wait that is far ahead', async () => {
    const { log } = spilling()
    let waits = 0
    for (let id = 0; id < 200; id++) {
      log.append('e', 'x'.repeat(50))
      if (log.room() !== undefined) waits++
    }
    expect(waits).toBeGreaterThan(0)
  })

  it('loses nothing where it can move nothing', async () => {
    const { log } = spilling({ failing: true })
    for (let id = 0; id < 300; id++) {
      log.append('e', 'x'.repeat(50))
      await log.room()
    }
    log.end()
    expect(await read(log, 0)).toEqual(numbers(300))
    expect(log.spilled).toBe(false)
  })
})
