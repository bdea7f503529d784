import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDIENCE, goodClaims, raw, sign, startIssuer, type TestIssuer } from '../identity/support/issuer.js'
import { type Peer, startPeer } from './peer.js'

const TEMPLATE = new URL('../../templates/oidc.ts', import.meta.url)
const wanted = Boolean(process.env['CI'] || process.env['AUTHKIT_PEER'])
const about = wanted ? '' : ' (skipped: it installs the peer from npm and takes a minute; AUTHKIT_PEER=1 runs it)'

describe.skipIf(!wanted)(`the template oidc, as it is, on LangGraph's own server${about}`, () => {
  let issuer: TestIssuer
  let peer: Peer
  beforeAll(async () => {
    issuer = await startIssuer()
    const auth = await readFile(TEMPLATE, 'utf8')
    peer = await startPeer({ auth, environment: { OIDC_ISSUER: issuer.issuer, OIDC_AUDIENCE: AUDIENCE } })
  }, 600_000)
  afterAll(async () => {
    await peer?.stop()
    await issuer?.close()
  })

  async function ask(method: string, path: string, token?: string, body?: object) {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(peer.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), text: await answer.text() }
  }

  it('keeps the users of the provider apart', async () => {
    const [alice, bob] = [await issuer.accessToken('alice'), await issuer.accessToken('bob')]
    const made = await ask('POST', '/threads', alice, {})
    expect(made.status).toBe(200)
    const { thread_id: id, metadata } = JSON.parse(made.text) as { thread_id: string; metadata: object }
    expect(metadata).toMatchObject({ owner: 'alice' })
    expect((await ask('GET', `/threads/${id}`, alice)).status).toBe(200)
    expect((await ask('GET', `/threads/${id}`, bob)).status).toBe(404)
    expect(JSON.parse((await ask('POST', '/threads/search', bob, {})).text)).toEqual([])
  })

  it('answers what RFC 6750 says, and nothing telling', async () => {
    const good = goodClaims(issuer.issuer)
    const rows: [string | undefined, number, string][] = [
      [undefined, 401, 'Bearer realm="authkit"'],
      ['user1-token', 401, 'Bearer'],
      ['opaque', 401, 'Bearer realm="authkit", error="invalid_token"'],
      [raw({ alg: 'none' }, good), 401, 'Bearer realm="authkit", error="invalid_token"'],
      [await sign(issuer.key, { ...good, exp: 1 }), 401, 'Bearer realm="authkit", error="invalid_token"'],
      [await sign(issuer.key, { ...good, aud: 'account' }), 401, 'Bearer realm="authkit", error="invalid_token"'],
      [
        await sign(issuer.key, { ...good, iss: 'https://evil.example' }),
        401,
        'Bearer realm="authkit", error="invalid_token"',
      ],
      ['not a token', 400, 'Bearer realm="authkit", error="invalid_request"'],
    ]
    for (const [token, status, challenge] of rows) {
      const answer = await ask('POST', '/threads/search', token, {})
      expect([answer.status, answer.challenge]).toEqual([status, challenge])
      expect(answer.text).not.toMatch(/account|evil|127\.0\.0\.1|expected|none/)
    }
  })

  it('asks the provider once for all of it', () => {
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })
})
