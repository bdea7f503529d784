import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { lateJson } from '../../src/server/late-json.js'
import { sleep } from '../support/client.js'

/** Later than the head is sent. */
const LATE_MS = 1200

const nothing = { headers: {}, onDisconnect: () => {} }

async function later<T>(value: () => T, ms = LATE_MS): Promise<T> {
  await sleep(ms)
  return value()
}

function fails(): never {
  throw new Error('secret of the database')
}

describe('a result', () => {
  it.each<[string, number]>([
    ['early', 1],
    ['late', LATE_MS],
  ])('that comes %s is JSON', async (_, ms) => {
    const response = await lateJson(
      later(() => ({ a: 1 }), ms),
      { ...nothing, headers: { location: '/x' } },
    )
    expect([response.status, response.headers.get('location')]).toEqual([200, '/x'])
    expect(await response.json()).toEqual({ a: 1 })
  })

  it('that fails early rejects, so that the answer can say so', async () => {
    await expect(lateJson(later(fails, 1), nothing)).rejects.toThrow('secret')
  })

  it.each<[string, () => unknown]>([
    ['that fails late', fails],
    ['that is no JSON', () => 1n],
  ])('%s breaks its answer off, and says nothing of why', async (_, value) => {
    const response = await lateJson(later(value), nothing)
    const read = response.text()
    await expect(read).rejects.toThrow('failed after the head')
    await expect(read).rejects.not.toThrow(/secret|BigInt/)
  })

  it('that fails late ends the connection', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const server = createServer(getRequestListener(() => lateJson(later(fails), nothing))).listen(0, '127.0.0.1')
    afterAll(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(log.mock.calls.flat().map(String).join()).not.toContain('secret')
    log.mockRestore()
  })

  it('that fails after the client has gone troubles nobody', async () => {
    let gone = 0
    const response = await lateJson(later(fails), { ...nothing, onDisconnect: () => gone++ })
    await response.body?.cancel()
    await sleep(400)
    expect(gone).toBe(1)
  })
})
