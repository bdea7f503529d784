import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createEventLog } from '../../src/runtime/runs/event-log.js'
import { sse } from '../../src/server/sse.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function reading(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  return { next: async () => decoder.decode((await reader.read()).value), leave: () => reader.cancel() }
}

it('a heartbeat comes after each five seconds of silence, and takes no event with it', async () => {
  const log = createEventLog()
  const { next } = reading(sse((signal) => log.read(0, signal), { headers: {} }))
  log.append('values', '{"a":1}')
  expect(await next()).toBe('event: values\ndata: {"a":1}\nid: 0\n\n')
  for (const beat of [next(), next()]) {
    await vi.advanceTimersByTimeAsync(5000)
    expect(await beat).toBe(': heartbeat\n\n')
  }
  const late = next()
  await vi.advanceTimersByTimeAsync(4900)
  log.append('values', '{"a":2}')
  expect(await late).toBe('event: values\ndata: {"a":2}\nid: 1\n\n')
  log.end()
  expect(await next()).toBe('')
})

it('what is left out is not sent, and silence about it is silence', async () => {
  const log = createEventLog()
  const { next } = reading(sse((signal) => log.read(0, signal), { headers: {}, wanted: ({ event }) => event === 'b' }))
  log.append('a', '1')
  const first = next()
  await vi.advanceTimersByTimeAsync(5000)
  expect(await first).toBe(': heartbeat\n\n')
  log.append('a', '2')
  log.append('b', '3')
  expect(await next()).toBe('event: b\ndata: 3\nid: 2\n\n')
})

it('a reader that leaves is told of once, and leaves no timer', async () => {
  const log = createEventLog()
  const onDisconnect = vi.fn()
  const { next, leave } = reading(sse((signal) => log.read(0, signal), { headers: {}, onDisconnect }))
  log.append('a', '1')
  await next()
  await leave()
  await vi.advanceTimersByTimeAsync(0)
  log.append('a', '2')
  log.end()
  await vi.advanceTimersByTimeAsync(0)
  expect(onDisconnect).toHaveBeenCalledTimes(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('a reader that stays to the end disconnects nothing', async () => {
  const log = createEventLog()
  const onDisconnect = vi.fn()
  const { next } = reading(sse((signal) => log.read(0, signal), { headers: {}, onDisconnect }))
  log.append('a', '1')
  log.end()
  expect([await next(), await next()]).toEqual(['event: a\ndata: 1\nid: 0\n\n', ''])
  expect(onDisconnect).not.toHaveBeenCalled()
})
