import { request } from 'node:http'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Arrival, type CallbackServer, openCallback } from '../../../src/login/browser/callback-server.js'

const STATE = 'kPq-3xTn1sQ0u9Vb7yZc2dEf5gHi8jKl'

let strays: number
let server: CallbackServer
let arrivals: Arrival[]

beforeEach(async () => {
  strays = 0
  arrivals = []
  server = await openCallback({ host: '127.0.0.1', ports: [0], state: STATE, onStray: () => strays++ })
  void server.arrived.then((arrival) => arrivals.push(arrival))
})
afterEach(() => server.close())

const callback = (query: string) => `${server.redirectUri}?${query}`
const rightOne = () => fetch(callback(`code=abc&state=${STATE}`))

/** A request with whatever method, path and Host, which fetch would not send. */
function raw({ method = 'GET', path = '', host = '' }): Promise<number> {
  const { port } = new URL(server.redirectUri)
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { host: host || `127.0.0.1:${port}` } })
    sent.once('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode as number)
    })
    sent.once('error', reject)
    sent.end()
  })
}

describe('openCallback', () => {
  it('hands over the callback with the right state, and lets the browser wait for how it ended', async () => {
    const page = rightOne()
    const arrival = await server.arrived
    expect(arrival.url.href).toBe(callback(`code=abc&state=${STATE}`))
    await arrival.answer({ kind: 'signed-in', name: 'Alice' })
    const response = await page
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Alice')
  })

  it.each([
    ['no state', 'code=abc'],
    ['an empty state', 'code=abc&state='],
    ['another state', 'code=abc&state=kPq-3xTn1sQ0u9Vb7yZc2dEf5gHi8jKm'],
    ['a part of the state', `code=abc&state=${STATE.slice(0, -1)}`],
    ['more than the state', `code=abc&state=${STATE}x`],
    ['the state in other letters', `code=abc&state=${STATE.toLowerCase()}`],
    ['the state twice', `code=abc&state=${STATE}&state=${STATE}`],
    ['the state beside another', `code=abc&state=x&state=${STATE}`],
    ['an error without the state', 'error=access_denied'],
  ])('refuses %s, and waits on for the real one', async (_, query) => {
    const stray = await fetch(callback(query))
    expect(stray.status).toBe(400)
    expect(await stray.text()).not.toContain('abc')
    expect(strays).toBe(1)
    expect(arrivals).toEqual([])
    const page = rightOne()
    await (await server.arrived).answer({ kind: 'failed' })
    await page
  })

  it('takes no other state, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (state) => {
        fc.pre(state !== STATE)
        const { status } = await fetch(callback(new URLSearchParams({ code: 'abc', state }).toString()))
        expect(status).toBe(400)
      }),
      { numRuns: 60 },
    )
    expect(arrivals).toEqual([])
  })

  it('takes the callback once', async () => {
    const first = rightOne()
    const arrival = await server.arrived
    const second = await fetch(callback(`code=evil&state=${STATE}`))
    expect(second.status).toBe(409)
    expect(await second.text()).not.toContain('evil')
    await arrival.answer({ kind: 'failed' })
    await first
    expect(arrivals).toHaveLength(1)
    expect((await rightOne()).status).toBe(409)
  })

  const right = `/callback?code=abc&state=${STATE}`

  it.each([
    ['another path', { path: `/?code=abc&state=${STATE}` }],
    ['a path below', { path: `/callback/?code=abc&state=${STATE}` }],
    ['a path in other letters', { path: `/Callback?code=abc&state=${STATE}` }],
    ['an encoded path', { path: `/%63allback?code=abc&state=${STATE}` }],
    ['a path with a step back', { path: `/x/../callback?code=abc&state=${STATE}` }],
    ['a URL in the place of a path', { path: `http://127.0.0.1${right}` }],
    ['POST', { method: 'POST', path: right }],
    ['HEAD', { method: 'HEAD', path: right }],
    ['OPTIONS', { method: 'OPTIONS', path: right }],
    ['a foreign Host', { path: right, host: 'evil.example' }],
    ['a foreign Host with the port', { path: right, host: 'evil.example:47821' }],
    ['Host localhost', { path: right, host: 'localhost' }],
    ['Host without the port', { path: right, host: '127.0.0.1' }],
  ])('has nothing at %s', async (_, sent) => {
    expect(await raw(sent)).toBe(404)
    expect(arrivals).toEqual([])
    expect(await raw({ path: '/callback?code=abc&state=wrong' })).toBe(400)
  })

  it('answers with a page that is kept nowhere, leads nowhere and is in no frame', async () => {
    const { headers } = await fetch(callback('state=x'))
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      connection: 'close',
    })
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$/,
    )
  })

  it('frees its port', async () => {
    const port = Number(new URL(server.redirectUri).port)
    await server.close()
    const again = await openCallback({ host: '127.0.0.1', ports: [port], state: STATE })
    expect(again.redirectUri).toBe(server.redirectUri)
    await again.close()
  })

  it('takes the next port where one is in use, and says so where all are', async () => {
    const taken = Number(new URL(server.redirectUri).port)
    const next = await openCallback({ host: '127.0.0.1', ports: [taken, 0], state: STATE })
    expect(next.redirectUri).not.toBe(server.redirectUri)
    await next.close()
    await expect(openCallback({ host: '127.0.0.1', ports: [taken], state: STATE })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(taken)),
    })
  })

  it('listens on both families where the callback is on localhost, so that nobody else can', async () => {
    const local = await openCallback({ host: 'localhost', ports: [0], state: STATE })
    const { port, hostname } = new URL(local.redirectUri)
    expect(hostname).toBe('localhost')
    const other = createServer()
    const outcome = await new Promise((resolve) => {
      other.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
      other.listen(Number(port), '::1', () => resolve('listening'))
    })
    other.close()
    // EADDRNOTAVAIL: this machine has no IPv6, so there is nobody to fear.
    expect(['EADDRINUSE', 'EADDRNOTAVAIL']).toContain(outcome)
    await local.close()
  })

  it('is reached from this machine only', async () => {
    const { port } = new URL(server.redirectUri)
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address } of outside)
      await expect(fetch(`http://${address}:${port}/callback?state=${STATE}`)).rejects.toThrow()
    expect(arrivals).toEqual([])
  })
})
