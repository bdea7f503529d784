import { describe, expect, it } from 'vitest'
import { createFetchTransport, type Fetch } from '../../src/isolation/wire/fetch-transport.js'
import type { TransportOptions, WireRequest } from '../../src/isolation/wire/transport.js'

const WIRE: WireRequest = { actor: 'bob', method: 'POST', path: '/x?a=%2F', headers: {}, timeoutMs: 300 }

const send = (fetch: Fetch, wire: Partial<WireRequest> = {}, options: TransportOptions = {}) =>
  createFetchTransport(fetch, { quietMs: 30, ...options }).send({ ...WIRE, ...wire })

/** An answer that says these, and stays open. */
function open(texts: readonly string[], type: string, onCancel = () => {}): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text))
    },
    cancel: onCancel,
  })
  return new Response(body, { headers: { 'content-type': type } })
}

describe('a server in the same process', () => {
  it('gets the request as a port would give it', async () => {
    const seen: unknown[] = []
    const fetch: Fetch = async (request) => {
      const { method, url, headers } = request
      seen.push([method, url, headers.get('x-two'), headers.get('content-type'), await request.text()])
      return new Response('yes', { status: 201, headers: { 'x-answer': 'a' } })
    }
    const answer = await send(fetch, { headers: { 'x-two': ['1', '2'] }, body: 'é' })
    expect(seen).toEqual([['POST', 'http://127.0.0.1/x?a=%2F', '1, 2', null, 'é']])
    expect(answer).toMatchObject({ status: 201, body: 'yes', ending: 'complete', headers: { 'x-answer': 'a' } })
  })

  it.each(['TRACE', 'HEAD', 'purge'])('is asked with %s', async (method) => {
    const answer = await send((request) => new Response(null, { headers: { 'x-method': request.method } }), { method })
    expect(answer.headers['x-method']).toBe(method)
  })

  it('is not asked what no parser would let through', async () => {
    const answer = await send(() => new Response('served'), { headers: { authorization: 'Bearer a\0' } })
    expect(answer).toMatchObject({ status: 400, ending: 'complete' })
  })

  it('keeps every cookie that is set', async () => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]
    expect((await send(() => new Response('', { headers }))).headers['set-cookie']).toBe('a=1, b=2')
  })

  it.each([
    ['a stream that falls silent is quiet', 'text/event-stream', {}, 'quiet'],
    ['an answer that never ends is a time-out', 'application/json', {}, 'timeout'],
    ['a long one is cut', 'application/json', { maxBytes: 3 }, 'cut'],
  ] as const)('%s, and the server is told', async (_, type, options, ending) => {
    let told = false
    const answer = await send(() => open(['data: 1\n\n'], type, () => (told = true)), {}, options)
    expect([answer.ending, told]).toEqual([ending, true])
    if (ending !== 'cut') expect(answer.body).toBe('data: 1\n\n')
  })

  it('that does not answer at all is a time-out, and its request is aborted', async () => {
    let signal: AbortSignal | undefined
    const answer = await send((request) => {
      signal = request.signal
      return new Promise<Response>(() => {})
    })
    expect(answer).toMatchObject({ status: 0, ending: 'timeout' })
    expect(signal?.aborted).toBe(true)
  })

  it('that throws has reset the connection', async () => {
    const answer = await send(() => {
      throw new Error('no')
    })
    expect(answer).toMatchObject({ status: 0, ending: 'reset' })
  })
})
