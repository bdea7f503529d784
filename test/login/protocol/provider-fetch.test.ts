import { describe, expect, it } from 'vitest'
import { providerFetch } from '../../../src/login/protocol/provider-fetch.js'
import { providerNamed } from '../../../src/providers/index.js'

const TOKEN = 'https://login.example.com/token'
const DEVICE = 'https://login.example.com/device'

/** What openid-client gets to see of an answer. */
async function seen(url: string, answer: Response, provider = providerNamed('oidc')): Promise<[number, unknown]> {
  const send = providerFetch({ provider, fetch: async () => answer, endpoints: { token: TOKEN, device: DEVICE } })
  const response = await send(url, { method: 'POST', headers: {}, body: undefined, redirect: 'manual' })
  const text = await response.text()
  return [response.status, response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text]
}

const form = (fields: Record<string, string>) => new Response(new URLSearchParams(fields))

describe('providerFetch', () => {
  it.each([TOKEN, DEVICE])('takes an error for one at %s, though the status is 200', async (url) => {
    expect(await seen(url, Response.json({ error: 'slow_down' }))).toEqual([400, { error: 'slow_down' }])
    expect(await seen(url, form({ error: 'slow_down' }))).toEqual([400, { error: 'slow_down' }])
  })

  it('reads a form as it reads JSON', async () => {
    const fields = { access_token: 'a', token_type: 'bearer' }
    expect(await seen(TOKEN, form(fields))).toEqual([200, fields])
  })

  it('leaves a page as it is, for openid-client to refuse', async () => {
    const page = new Response('<p>a=b', { status: 200, headers: { 'content-type': 'text/html' } })
    expect(await seen(TOKEN, page)).toEqual([200, '<p>a=b'])
  })

  it('changes nothing that is said elsewhere', async () => {
    expect(await seen('https://login.example.com/me', Response.json({ error: 'x' }))).toEqual([200, { error: 'x' }])
  })

  it('lets no challenge hide the error', async () => {
    const answer = Response.json({ error: 'invalid_client' }, { status: 401, headers: { 'www-authenticate': 'Basic' } })
    expect(await seen(TOKEN, answer)).toEqual([401, { error: 'invalid_client' }])
  })

  it('sends nothing over plain http to another machine', async () => {
    await expect(seen('http://login.example.com/token', form({}))).rejects.toMatchObject({ code: 'issuer_insecure' })
  })
})
