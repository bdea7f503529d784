import { readFile } from 'node:fs/promises'
import * as openid from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, vi } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import type { DevEvent } from '../../src/dev/events.js'
import { devText } from '../../src/dev/report-text.js'
import { type DevOptions, startDev } from '../../src/dev/start-dev.js'
import { openTestServer } from '../../src/testing/open-test-server.js'
import { AUDIENCE, goodClaims, raw, sign, startIssuer, type TestIssuer } from '../identity/support/issuer.js'
import { signIn } from '../issuer/issuer.js'
import { type TempProject, test } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

const TEMPLATE = await readFile(new URL('../../templates/oidc.ts', import.meta.url), 'utf8')
const PLACEHOLDERS = `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth().authenticate(placeholderTokens({ 'user1-token': 'user1' }))
`
const METADATA = '/.well-known/oauth-protected-resource'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())
afterEach(() => {
  vi.unstubAllEnvs()
})

async function inDev(project: TempProject, options: Partial<DevOptions> = {}) {
  await project.write({ 'auth.ts': TEMPLATE, 'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }' })
  const events: DevEvent[] = []
  const common = { root: project.root, port: 0, database: ':memory:', authkitEntry: AUTHKIT_ENTRY, version: '0' }
  const server = await startDev({ ...common, onEvent: (event) => events.push(event), ...options })
  return {
    ...server,
    events,
    async ask(authorization?: string, path = '/threads/search') {
      const answer = await fetch(server.url + path, {
        method: path === METADATA ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        ...(path === METADATA ? {} : { body: '{}' }),
      })
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
    },
    /** What the terminal shows of the last request. */
    logged() {
      const last = events.findLast((event) => event.kind === 'request')
      return last ? (devText(last, createStyle(false)) ?? '') : ''
    },
  }
}

describe('with the local issuer', () => {
  test('whoever comes without a token is told where to get one, and finds it there', async ({ project }) => {
    const dev = await inDev(project)
    const { status, headers, body } = await dev.ask()
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer realm="authkit", resource_metadata="${dev.url}${METADATA}"`,
    ])
    expect(body).toEqual({
      detail: 'Sign in, or send a token',
      code: 'no_credentials',
      hint: expect.stringMatching(/authkit login/),
    })
    expect((await dev.ask(undefined, METADATA)).body).toEqual({
      resource: dev.url,
      authorization_servers: [`${dev.url}/_authkit/oidc`],
      bearer_methods_supported: ['header'],
    })
    await dev.close()
  })

  test('whoever signs in there is the user that the placeholder tokens know, until the sign-in is ended', async ({
    project,
  }) => {
    const dev = await inDev(project)
    const client = await openid.discovery(
      new URL(`${dev.url}/_authkit/oidc`),
      'authkit-cli',
      undefined,
      openid.None(),
      {
        execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
      },
    )
    const tokens = await signIn(client, 'user1')
    const made = await dev.ask('Bearer user1-token', '/threads')
    expect(made.body).toMatchObject({ metadata: { owner: 'user1' } })
    const found = await dev.ask(`Bearer ${tokens.access_token}`)
    expect([found.status, found.body]).toEqual([200, [expect.objectContaining({ thread_id: made.body['thread_id'] })]])
    // The ID token of the same sign-in opens nothing.
    expect((await dev.ask(`Bearer ${tokens.id_token}`)).status).toBe(401)

    await openid.tokenRevocation(client, tokens.refresh_token ?? '')
    const ended = await dev.ask(`Bearer ${tokens.access_token}`)
    expect(ended.body).toMatchObject({ code: 'token_invalid', hint: expect.stringContaining('it was taken back') })
    await dev.close()
  })

  test('placeholder tokens work beside it', async ({ project }) => {
    const dev = await inDev(project)
    expect((await dev.ask('Bearer user1-token')).status).toBe(200)
    await dev.close()
  })

  test('a forged token is refused with a reason for its developer', async ({ project }) => {
    const dev = await inDev(project)
    const local = { ...goodClaims(`${dev.url}/_authkit/oidc`), aud: dev.url }
    for (const token of [raw({ alg: 'none' }, local), await sign(issuer.key, local)]) {
      const { status, body } = await dev.ask(`Bearer ${token}`)
      expect([status, body['code']]).toEqual([401, 'token_invalid'])
    }
    const { body } = await dev.ask(`Bearer ${await sign(issuer.key, goodClaims('https://login.example.com'))}`)
    expect(body).toMatchObject({
      code: 'token_issuer_unknown',
      hint: expect.stringContaining(`"${dev.url}/_authkit/oidc"`),
    })
    await dev.close()
  })

  test('without it, tokens are refused by name and placeholder tokens work', async ({ project }) => {
    const dev = await inDev(project, { issuer: false })
    const { status, headers, body } = await dev.ask(`Bearer ${await sign(issuer.key, goodClaims(issuer.issuer))}`)
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="authkit", error="invalid_token"'])
    expect(body).toMatchObject({ code: 'token_invalid', hint: expect.stringMatching(/this server has no local one/) })
    expect((await dev.ask('Bearer user2-token')).status).toBe(200)
    expect((await dev.ask(undefined, METADATA)).status).toBe(404)
    await dev.close()
  })
})

describe('with a provider', () => {
  test('its users get in, and everybody else is told why not', async ({ project }) => {
    vi.stubEnv('OIDC_ISSUER', issuer.issuer)
    vi.stubEnv('OIDC_AUDIENCE', AUDIENCE)
    const dev = await inDev(project)
    const { status } = await dev.ask(`Bearer ${await issuer.accessToken('alice')}`)
    expect([status, dev.logged()]).toEqual([200, expect.stringContaining('alice')])
    expect((await dev.ask(undefined, METADATA)).body).toMatchObject({ authorization_servers: [issuer.issuer] })

    const elsewhere = await issuer.accessToken('alice', { audience: 'https://elsewhere.example' })
    const refused = await dev.ask(`Bearer ${elsewhere}`)
    const problem = 'aud is "https://elsewhere.example", expected "https://agent.example.com"'
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="authkit", resource_metadata="${dev.url}${METADATA}", error="invalid_token"`,
    )
    expect(refused.body).toEqual({
      detail: 'The token is for another service',
      code: 'token_audience',
      hint: expect.stringContaining(problem),
    })
    expect(dev.logged()).toContain(`token_audience: ${problem}`)
    const said = JSON.stringify([refused.body, dev.events])
    for (const part of elsewhere.split('.')) expect(said).not.toContain(part)
    await dev.close()
  })

  test('that can not be reached lets nobody in', async ({ project }) => {
    const gone = await startIssuer()
    await gone.close()
    vi.stubEnv('OIDC_ISSUER', gone.issuer)
    vi.stubEnv('OIDC_AUDIENCE', AUDIENCE)
    const dev = await inDev(project)
    const { status, headers, body } = await dev.ask(`Bearer ${await sign(gone.key, goodClaims(gone.issuer))}`)
    expect([status, headers.get('retry-after'), body['code']]).toEqual([503, '1', 'provider_unavailable'])
    expect(dev.logged()).toMatch(/provider_unavailable: http:\/\/127\.0\.0\.1.+ECONNREFUSED/)
    await dev.close()
  })

  test('named by halves, the file does not load', async ({ project }) => {
    vi.stubEnv('OIDC_ISSUER', issuer.issuer)
    const dev = await inDev(project)
    expect(dev.events[0]).toMatchObject({
      rules: { kind: 'broken', error: { message: expect.stringMatching(/name an audience, or allowedClients/) } },
    })
    expect((await dev.ask('Bearer user1-token')).status).toBe(503)
    await dev.close()
  })
})

describe('a project that trusts no provider', () => {
  test('says nothing of one', async ({ project }) => {
    const dev = await inDev(project, { auth: undefined })
    await project.write({ 'auth.ts': PLACEHOLDERS })
    await vi.waitFor(async () => expect((await dev.ask(undefined, METADATA)).status).toBe(404), 10_000)
    const { headers, body } = await dev.ask()
    expect(headers.get('www-authenticate')).toBe('Bearer')
    expect(Object.keys(body)).toEqual(['detail'])
    await dev.close()
  })

  test('nor does one without rules', async ({ project }) => {
    const dev = await inDev(project, { noAuth: true })
    expect((await dev.ask(undefined, METADATA)).status).toBe(404)
    await dev.close()
  })
})

test('a test server has placeholder tokens and no local issuer', async ({ project }) => {
  await project.write({ 'auth.ts': TEMPLATE })
  const server = await openTestServer(project.path('auth.ts'), { authkitEntry: AUTHKIT_ENTRY, version: '0' })
  const ask = async (authorization: string) =>
    await server.fetch('/threads/search', { method: 'POST', body: '{}', headers: { authorization } })
  expect(server.tokens.map(({ token }) => token)).toEqual(['user1-token', 'user2-token'])
  expect((await ask('Bearer user1-token')).status).toBe(200)
  const refused = await ask(`Bearer ${await sign(issuer.key, goodClaims(issuer.issuer))}`)
  expect([refused.status, await refused.json()]).toEqual([401, expect.objectContaining({ code: 'token_invalid' })])
  await server.close()
})
