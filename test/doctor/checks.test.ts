import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { startDev } from '../../src/dev/start-dev.js'
import { openLogins } from '../../src/login/logins.js'
import { startIssuer, type TestIssuer } from '../identity/support/issuer.js'
import { type TempProject, test } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'
import { CLI_CLIENT, type IdentityProvider, signedIn, startIdentityProvider } from '../support/identity-provider.js'
import { withKeyring } from '../support/keyring.js'
import { AUTH, examine, type Given, machineIn, oidcAuth, withDoubles } from './support.js'

let idp: IdentityProvider
let api: TestIssuer
const closers: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  api = await startIssuer()
  idp = await startIdentityProvider({
    clients: [
      CLI_CLIENT,
      {
        client_id: 'confidential',
        client_secret: 'the-real-secret',
        redirect_uris: ['http://127.0.0.1:47821/callback'],
      },
      {
        client_id: 'no-code',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1:47821/callback'],
        response_types: ['none'],
        grant_types: ['authorization_code'],
      },
    ],
  })
})
afterAll(async () => {
  await Promise.all([idp.close(), api.close()])
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const at = (clientId: string, given: Given = {}): Given => ({
  ...given,
  flags: { issuer: idp.issuer, clientId, ...given.flags },
})

/** A provider whose discovery document is as a test wants it. */
function documented(
  change: Readonly<Record<string, unknown>>,
  keys: unknown = { keys: [{ kty: 'RSA', kid: 'a' }] },
): Given {
  const issuer = 'https://id.example.com'
  return {
    flags: { issuer, clientId: 'cli' },
    fetch: withDoubles({
      'id.example.com': ({ pathname }) => {
        if (pathname === '/jwks') return Response.json(keys)
        const document = { issuer, jwks_uri: `${issuer}/jwks`, code_challenge_methods_supported: ['S256'], ...change }
        return Response.json(document)
      },
    }),
  }
}

describe('a set-up in which all is well', () => {
  test('has nothing wrong with it, from the dev server to the token', async ({ project }) => {
    await project.write({ 'auth.ts': oidcAuth({}), 'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }' })
    const dev = await startDev({
      root: project.root,
      port: 0,
      database: ':memory:',
      watch: false,
      authkitEntry: AUTHKIT_ENTRY,
      version: '0.0.0',
      onEvent: () => {},
    })
    closers.push(() => dev.close())
    const found = await examine(project, { port: Number(new URL(dev.url).port) })
    expect(
      Object.values(found)
        .flat()
        .filter(({ level }) => !['ok', 'skipped'].includes(level)),
    ).toEqual([])
    expect(found['dev.port']).toEqual([{ level: 'ok', message: expect.stringMatching(/^A server runs at \d+\.$/) }])
    expect(found['login.target']?.[0]?.message).toMatch(/Local issuer of authkit dev, http:\/\/127.*running dev server/)
    for (const id of [
      'issuer.same',
      'issuer.keys',
      'issuer.clock',
      'issuer.pkce',
      'login.client',
      'login.redirect',
      'login.secret',
      'login.audience',
    ]) {
      expect(found[id], id).toEqual([expect.objectContaining({ level: 'ok' })])
    }
  })

  test('has nothing wrong with it at another provider', async ({ project }) => {
    const machine = machineIn(project)
    await machine.signIn({ issuer: idp.issuer, scopes: ['openid', 'offline_access'] }, await signedIn(idp, 'alice'))
    await project.write({ 'auth.ts': AUTH })
    const found = await examine(project, { environment: machine.environment })
    expect(
      Object.values(found)
        .flat()
        .filter(({ level }) => !['ok', 'skipped'].includes(level)),
    ).toEqual([expect.objectContaining({ level: 'warning', message: expect.stringContaining('No audience is given') })])
    expect(found['token.known']).toEqual([{ level: 'ok', message: 'default: Alice' }])
    expect(found['token.valid']?.[0]?.message).toMatch(/ends in 60 min, and is renewed when it is used/)
    expect(found['profiles.tokens']).toEqual([{ level: 'ok', message: 'default' }])
    expect(found['store.answers']?.[0]?.level).toBe('ok')
  })
})

interface Case {
  readonly check: string
  readonly what: string
  readonly files?: Record<string, string>
  readonly given?: Given | ((project: TempProject) => Given | Promise<Given>)
  readonly finding: Readonly<Record<string, unknown>>
}

const says = (text: string) => expect.stringContaining(text)

const CASES: readonly Case[] = [
  {
    check: 'node.version',
    what: 'an old Node',
    given: { nodeVersion: '20.18.3' },
    finding: { level: 'wrong', message: says('20.18.3') },
  },
  { check: 'node.version', what: 'the oldest Node', given: { nodeVersion: '20.19.0' }, finding: { level: 'ok' } },
  { check: 'node.version', what: 'a later Node', given: { nodeVersion: '22.2.0' }, finding: { level: 'ok' } },
  {
    check: 'project.config',
    what: 'a key of the wrong type',
    files: { 'auth.ts': AUTH, 'langgraph.json': '{\n  "graphs": 7\n}' },
    finding: { level: 'wrong', code: 'config_invalid', message: says('langgraph.json:2:3') },
  },
  {
    check: 'project.config',
    what: 'a key without effect',
    files: { 'auth.ts': AUTH, 'langgraph.json': '{ "graphs": { "a": "./a.py:graph" } }' },
    finding: { level: 'warning', message: says('graphs.a is ignored') },
  },
  {
    check: 'auth.loads',
    what: 'a file that does not compile',
    files: { 'auth.ts': 'const a = 1\nconst b = = 2\n' },
    finding: { level: 'wrong', code: 'auth_file_broken', message: says('auth.ts:2:11') },
  },
  { check: 'auth.loads', what: 'no file', files: {}, finding: { level: 'wrong', code: 'auth_file_not_found' } },
  {
    check: 'auth.loads',
    what: 'oidc() without an audience',
    files: { 'auth.ts': oidcAuth({ issuer: 'https://id.example.com' }) },
    finding: { level: 'wrong', code: 'auth_file_broken', message: says('name an audience') },
  },
  {
    check: 'auth.events',
    what: 'open events',
    files: { 'auth.ts': AUTH.replace(`.on('*', () => true)`, `.on('threads', () => true)`) },
    finding: { level: 'warning', message: says('15 of 21 events have no handler') },
  },
  { check: 'auth.events', what: 'all handled', finding: { level: 'ok' } },
  {
    check: 'auth.issuer',
    what: 'placeholder tokens beside a real sign-in',
    files: {
      'auth.ts': `import { Auth, placeholderTokens } from 'authkit'\nexport const auth = new Auth().authenticate(placeholderTokens({ a: 'a' }))\n`,
    },
    given: {
      flags: { issuer: 'https://id.example.com' },
      fetch: withDoubles({ 'id.example.com': () => new Response('') }),
    },
    finding: { level: 'warning', message: says('placeholder tokens only') },
  },
  {
    check: 'auth.issuer',
    what: 'a provider without an issuer',
    files: {
      'auth.ts': `import { Auth, userinfo } from 'authkit'\nexport const auth = new Auth().authenticate(userinfo({ provider: 'bitbucket', dangerouslyAcceptAnyClient: true })).on('*', () => true)\n`,
    },
    given: {
      flags: { provider: 'bitbucket', clientId: 'x' },
      fetch: withDoubles({ 'bitbucket.org': () => new Response('') }),
    },
    finding: { level: 'ok', message: 'bitbucket' },
  },
  {
    check: 'issuer.reachable',
    what: 'no document',
    given: {
      flags: { issuer: 'https://id.example.com' },
      fetch: withDoubles({ 'id.example.com': () => new Response('', { status: 404 }) }),
    },
    finding: { level: 'wrong', code: 'provider_misconfigured', message: says('answers 404') },
  },
  {
    check: 'issuer.reachable',
    what: 'a page that is none',
    given: {
      flags: { issuer: 'https://id.example.com' },
      fetch: withDoubles({ 'id.example.com': () => new Response('<html>') }),
    },
    finding: { level: 'wrong', message: says('is no discovery document') },
  },
  {
    check: 'issuer.same',
    what: 'a slash at the end',
    given: documented({ issuer: 'https://id.example.com/' }),
    finding: { level: 'wrong', code: 'issuer_mismatch', fix: says('slash at the end') },
  },
  {
    check: 'issuer.same',
    what: 'an address for every tenant',
    given: documented({ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }),
    finding: { level: 'wrong', fix: says('Name yours') },
  },
  {
    check: 'issuer.same',
    what: 'somebody else',
    given: documented({ issuer: 'https://evil.example.org/x' }),
    finding: { level: 'wrong', fix: says('if that is the provider you mean') },
  },
  {
    check: 'issuer.keys',
    what: 'no keys',
    given: documented({}, { keys: [] }),
    finding: { level: 'wrong', fix: says('asymmetric') },
  },
  {
    check: 'issuer.keys',
    what: 'a shared secret',
    given: documented({}, { keys: [{ kty: 'oct', kid: 'a' }] }),
    finding: { level: 'wrong' },
  },
  {
    check: 'issuer.keys',
    what: 'keys for encryption only',
    given: documented({}, { keys: [{ kty: 'RSA', use: 'enc' }] }),
    finding: { level: 'wrong' },
  },
  {
    check: 'issuer.keys',
    what: 'a private key',
    given: documented({}, { keys: [{ kty: 'RSA', kid: 'a', d: 'planted-private' }] }),
    finding: { level: 'wrong', message: says('publishes a private key') },
  },
  {
    check: 'issuer.keys',
    what: 'keys without names',
    given: documented({}, { keys: [{ kty: 'RSA' }, { kty: 'EC' }] }),
    finding: { level: 'warning', message: says('kid') },
  },
  {
    check: 'issuer.keys',
    what: 'no address for keys',
    given: documented({ jwks_uri: undefined }),
    finding: { level: 'wrong', message: says('no jwks_uri') },
  },
  {
    check: 'issuer.pkce',
    what: 'no S256',
    given: documented({ code_challenge_methods_supported: ['plain'] }),
    finding: { level: 'warning' },
  },
  { check: 'issuer.pkce', what: 'S256', given: documented({}), finding: { level: 'ok' } },
  {
    check: 'issuer.clock',
    what: 'a clock that is 20 s ahead',
    given: () => at('cli', { now: () => Date.now() + 20_000 }),
    finding: { level: 'warning', message: says('ahead of') },
  },
  {
    check: 'login.target',
    what: 'no issuer of one’s own',
    given: { flags: { provider: 'auth0' } },
    finding: { level: 'wrong', code: 'login_not_configured', fix: says('https://example.eu.auth0.com/') },
  },
  {
    check: 'login.target',
    what: 'what langgraph.json names',
    files: { 'auth.ts': AUTH, 'langgraph.json': '{ "authkit": { "login": { "provider": "notion" } } }' },
    finding: { level: 'ok', message: 'Notion (from langgraph.json)' },
  },
  { check: 'login.target', what: 'nothing named', finding: { level: 'skipped' } },
  {
    check: 'login.client',
    what: 'no client id',
    given: { flags: { provider: 'github' } },
    finding: { level: 'wrong', code: 'login_not_configured' },
  },
  {
    check: 'login.client',
    what: 'a client that is not there',
    given: () => at('deleted'),
    finding: { level: 'wrong', code: 'provider_credentials_rejected' },
  },
  { check: 'login.client', what: 'a client that may not', given: () => at('no-code'), finding: { level: 'wrong' } },
  {
    check: 'login.client',
    what: 'a page that only a person can read',
    given: {
      flags: { provider: 'github', clientId: 'Iv1.x' },
      fetch: withDoubles({ 'github.com': () => new Response('<h1>Sign in</h1>') }),
    },
    finding: { level: 'note' },
  },
  {
    check: 'login.client',
    what: 'no network',
    given: {
      flags: { provider: 'github', clientId: 'Iv1.x' },
      fetch: withDoubles({ 'github.com': () => Promise.reject(new TypeError('fetch failed')) }),
    },
    finding: { level: 'undecided', message: says('can not be reached') },
  },
  { check: 'login.redirect', what: 'a callback that is there', given: () => at('cli'), finding: { level: 'ok' } },
  {
    check: 'login.redirect',
    what: 'one of three',
    given: {
      flags: { issuer: 'https://acme.eu.auth0.com/', clientId: 'cli', audience: 'api' },
      fetch: withDoubles({
        'acme.eu.auth0.com': (url) => {
          const issuer = 'https://acme.eu.auth0.com/'
          if (url.pathname !== '/authorize')
            return Response.json({ issuer, authorization_endpoint: `${issuer}authorize` })
          const callback = url.searchParams.get('redirect_uri') ?? ''
          if (!callback.includes('47822')) return new Response('Callback URL mismatch.', { status: 403 })
          return new Response(null, { status: 302, headers: { location: `${callback}?error=login_required` } })
        },
      }),
    },
    finding: { level: 'wrong', message: says('47821/callback, http://127.0.0.1:47823/callback.'), fix: says('47822') },
  },
  {
    check: 'login.redirect',
    what: 'Entra, which says so with 200',
    given: {
      ...documented({ issuer: 'https://login.microsoftonline.com/t/v2.0' }),
      flags: { issuer: 'https://login.microsoftonline.com/t/v2.0', clientId: 'cli' },
      fetch: withDoubles({
        'login.microsoftonline.com': ({ pathname }) =>
          pathname.includes('.well-known')
            ? Response.json({
                issuer: 'https://login.microsoftonline.com/t/v2.0',
                authorization_endpoint: 'https://login.microsoftonline.com/a',
              })
            : new Response('<script>{"strServiceExceptionMessage":"AADSTS50011: The redirect URI"}</script>'),
      }),
    },
    finding: { level: 'wrong', code: 'provider_redirect_mismatch', fix: says('http://localhost/callback') },
  },
  {
    check: 'login.redirect',
    what: 'a provider that takes none',
    given: { flags: { provider: 'notion', clientId: 'x' } },
    finding: { level: 'skipped' },
  },
  {
    check: 'login.scopes',
    what: 'a scope that the provider does not know',
    given: () => at('cli', { flags: { scopes: ['openid', 'offline_access', 'nonsense'] } }),
    finding: { level: 'ok' },
  },
  {
    check: 'login.scopes',
    what: 'openid at Feishu, whose page says nothing of it',
    given: {
      flags: { provider: 'feishu', clientId: 'x', scopes: ['openid', 'offline_access'] },
      fetch: withDoubles({ 'accounts.feishu.cn': () => new Response('<h1>Sign in</h1>') }),
    },
    finding: { level: 'wrong', code: 'provider_scope_invalid', message: says('refuses openid') },
  },
  {
    check: 'login.scopes',
    what: 'scopes with commas between them',
    given: {
      flags: { provider: 'feishu', clientId: 'x', scopes: ['drive:drive,docx:document:readonly,offline_access'] },
      fetch: withDoubles({ 'accounts.feishu.cn': () => new Response('') }),
    },
    finding: {
      level: 'wrong',
      message: says('several scopes in one'),
      fix: says('--scope drive:drive --scope docx:document:readonly'),
    },
  },
  {
    check: 'login.scopes',
    what: 'a scope that the document does not list',
    given: documented({ scopes_supported: ['openid', 'profile', 'email'] }),
    finding: { level: 'warning', message: says('does not list offline_access') },
  },
  {
    check: 'login.audience',
    what: 'none at Auth0',
    given: {
      ...documented({}),
      flags: { issuer: 'https://acme.auth0.com/', clientId: 'x' },
      fetch: withDoubles({ 'acme.auth0.com': () => new Response('') }),
    },
    finding: { level: 'wrong', fix: says('--audience') },
  },
  { check: 'login.audience', what: 'none elsewhere', given: documented({}), finding: { level: 'warning' } },
  {
    check: 'login.audience',
    what: 'one that has no effect',
    given: {
      flags: { provider: 'github', clientId: 'x', audience: 'api' },
      fetch: withDoubles({ 'github.com': () => new Response('') }),
    },
    finding: { level: 'warning', message: says('has no effect') },
  },
  {
    check: 'login.audience',
    what: 'one that the provider does not know',
    given: () => at('cli', { flags: { audience: 'https://unknown.example.com' } }),
    finding: { level: 'wrong', code: 'provider_audience_invalid' },
  },
  {
    check: 'login.secret',
    what: 'the right secret',
    given: (project) =>
      at('confidential', {
        environment: { ...machineIn(project).environment, AUTHKIT_CLIENT_SECRET: 'the-real-secret' },
      }),
    finding: { level: 'ok', message: 'with its secret' },
  },
  {
    check: 'login.secret',
    what: 'the right secret in .env',
    files: { 'auth.ts': AUTH, '.env': 'AUTHKIT_CLIENT_SECRET=the-real-secret' },
    given: () => at('confidential'),
    finding: { level: 'ok' },
  },
  {
    check: 'login.secret',
    what: 'no secret where there is one',
    given: () => at('confidential'),
    finding: { level: 'wrong', code: 'provider_credentials_rejected' },
  },
  {
    check: 'login.secret',
    what: 'a public client',
    given: () => at('cli'),
    finding: { level: 'ok', message: 'without a secret' },
  },
  {
    check: 'login.secret',
    what: 'a provider that always gives one',
    given: {
      flags: { provider: 'bitbucket', clientId: 'x' },
      fetch: withDoubles({ 'bitbucket.org': () => new Response('') }),
    },
    finding: { level: 'wrong', code: 'provider_credentials_rejected' },
  },
  {
    check: 'login.secret',
    what: 'GitHub without one',
    given: {
      flags: { provider: 'github', clientId: 'x' },
      fetch: withDoubles({ 'github.com': () => new Response('') }),
    },
    finding: { level: 'skipped', message: says('--device') },
  },
  {
    check: 'login.secret',
    what: 'GitHub, which says so with 200',
    given: (project) => ({
      flags: { provider: 'github', clientId: 'x' },
      environment: { ...machineIn(project).environment, AUTHKIT_CLIENT_SECRET: 'wrong-secret' },
      fetch: withDoubles({ 'github.com': () => Response.json({ error: 'incorrect_client_credentials' }) }),
    }),
    finding: { level: 'wrong', code: 'provider_credentials_rejected' },
  },
  {
    check: 'login.secret',
    what: 'GitHub with the right one',
    given: (project) => ({
      flags: { provider: 'github', clientId: 'x' },
      environment: { ...machineIn(project).environment, AUTHKIT_CLIENT_SECRET: 'right-secret' },
      fetch: withDoubles({ 'github.com': () => Response.json({ error: 'bad_verification_code' }) }),
    }),
    finding: { level: 'ok' },
  },
  {
    check: 'token.valid',
    what: 'a token that is renewed',
    given: (project) => signedInWith(project, { expiresAt: Date.now() - 1000, refreshToken: 'planted-refresh' }),
    finding: { level: 'ok', message: says('has ended, and is renewed') },
  },
  {
    check: 'token.valid',
    what: 'a token that ends soon',
    given: (project) => signedInWith(project, { expiresAt: Date.now() + 120_000 }),
    finding: { level: 'warning', message: says('ends in 2 min') },
  },
  {
    check: 'token.valid',
    what: 'a session that ends soon',
    given: (project) =>
      signedInWith(project, {
        expiresAt: Date.now() + 600_000,
        refreshToken: 'planted-refresh',
        refreshExpiresAt: Date.now() + 3 * 3_600_000,
      }),
    finding: { level: 'warning', message: says('The sign-in ends in 3 h') },
  },
  {
    check: 'token.valid',
    what: 'a profile that is not there',
    given: { profile: 'bob' },
    finding: { level: 'wrong', code: 'not_signed_in' },
  },
  {
    check: 'token.known',
    what: 'the token of another user',
    given: async (project) => {
      const machine = machineIn(project)
      await machine.signIn({ issuer: idp.issuer }, await signedIn(idp, 'mallory'))
      return { environment: machine.environment }
    },
    finding: { level: 'wrong', message: says('of another user') },
  },
  {
    check: 'profiles.tokens',
    what: 'tokens that are gone',
    given: async (project) => {
      const machine = machineIn(project)
      await machine.signIn({ name: 'alice' }, {})
      return { environment: { ...machine.environment, AUTHKIT_TOKEN_KEY: Buffer.alloc(32, 7).toString('base64') } }
    },
    finding: { level: 'wrong' },
  },
  {
    check: 'profiles.tokens',
    what: 'a list that is broken',
    files: { 'auth.ts': AUTH, 'home/profiles.json': 'no json' },
    finding: { level: 'wrong', code: 'profiles_unreadable' },
  },
  {
    check: 'store.answers',
    what: 'a store that there is not',
    given: (project) => ({
      ...documented({}),
      environment: { ...machineIn(project).environment, AUTHKIT_TOKEN_STORE: 'drawer' },
    }),
    finding: { level: 'wrong', code: 'usage' },
  },
]

async function signedInWith(project: TempProject, tokens: object): Promise<Given> {
  const machine = machineIn(project)
  await machine.signIn({}, tokens)
  return { environment: machine.environment }
}

describe('a check', () => {
  for (const { check, what, files, given, finding } of CASES) {
    test(`${check}: ${what}`, async ({ project }) => {
      await project.write(files ?? { 'auth.ts': AUTH })
      const found = await examine(project, typeof given === 'function' ? await given(project) : given)
      expect(found[check]).toContainEqual(expect.objectContaining(finding))
      expect(JSON.stringify(found)).not.toMatch(/planted-|the-real-secret|wrong-secret/)
    })
  }

  test('project.config: a folder that is not there', async ({ project }) => {
    const found = await examine({ ...project, root: project.path('nowhere') })
    expect(found['project.config']).toEqual([
      expect.objectContaining({
        level: 'wrong',
        code: 'config_invalid',
        message: expect.stringContaining('no folder'),
      }),
    ])
    expect(
      Object.values(found)
        .flat()
        .filter(({ level }) => level === 'undecided'),
    ).toEqual([])
  })

  test('dev.port: something else is there', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    const other: Server = createServer((_, response) => response.end('hello'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => other.close(resolve)))
    const { port } = other.address() as AddressInfo
    expect((await examine(project, { port }))['dev.port']).toEqual([
      expect.objectContaining({ level: 'warning', message: `Something else answers at port ${port}.` }),
    ])
  })

  withKeyring('store.answers and profiles.tokens: a keychain that is open, locked and gone', async (keyring) => {
    const look = async () => {
      const found = await examine({ root: '/nonexistent', path: String } as unknown as TempProject, {
        environment: keyring.environment,
        flags: { provider: 'github' },
      })
      return { store: found['store.answers']?.[0], profiles: found['profiles.tokens']?.[0] }
    }
    const logins = openLogins({ environment: keyring.environment })
    const profile = {
      name: 'alice',
      provider: 'github',
      clientId: 'x',
      scopes: [],
      user: { subject: '1' },
      signedInAt: 0,
    }
    await logins.save({ profile, secrets: { tokens: { accessToken: 'planted', issuedAt: 0, scopes: [] } } }, 'keychain')
    expect(await look()).toEqual({
      store: { level: 'ok', message: 'Secret Service' },
      profiles: { level: 'ok', message: 'alice' },
    })
    expect(Object.keys(await keyring.secrets())).toEqual(['alice'])
    await keyring.lock()
    const locked = { level: 'wrong', code: 'keychain_unavailable', message: expect.stringContaining('locked') }
    expect(await look()).toMatchObject({ store: locked, profiles: { level: 'wrong', code: 'keychain_unavailable' } })
    await keyring.stopDaemon()
    expect((await look()).store).toMatchObject({ level: 'wrong', fix: expect.stringContaining('AUTHKIT_TOKEN') })
  })
})
