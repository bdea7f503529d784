import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { AUDIENCE, createKey, goodClaims, sign, startIssuer, type TestIssuer } from '../identity/support/issuer.js'
import { type TempProject, test } from '../project/temp-project.js'
import { CLI_CLIENT, type IdentityProvider, signedIn, startIdentityProvider } from '../support/identity-provider.js'
import { AUTH, examine, type Given, machineIn, oidcAuth, withDoubles } from './support.js'

let idp: IdentityProvider
/** Its tokens are JWTs, as auth.ts verifies them. */
let api: TestIssuer

beforeAll(async () => {
  api = await startIssuer()
  idp = await startIdentityProvider({
    clients: [
      CLI_CLIENT,
      {
        client_id: 'no-callback',
        redirect_uris: ['https://app.example.com/callback'],
        token_endpoint_auth_method: 'none',
      },
      {
        client_id: 'confidential',
        client_secret: 'the real secret',
        redirect_uris: ['https://app.example.com/callback'],
      },
    ],
    configuration: {
      features: {
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, resource) => {
            if (resource !== AUDIENCE) throw new (class extends Error {})()
            return { scope: '', audience: resource }
          },
        },
      },
    },
  })
})
afterAll(async () => {
  await Promise.all([idp.close(), api.close()])
})

const FEISHU = 'accounts.feishu.cn'
const feishu = (given: Given = {}): Given => ({
  ...given,
  flags: { provider: 'feishu', clientId: 'cli_a5ca35a685b0x26e', ...given.flags },
})
/** The page of Feishu, which has a number for everything. */
const feishuPage = (code: number, text: string) =>
  withDoubles({ [FEISHU]: () => new Response(`<html><h1>Error</h1><p>error code: ${code}</p><p>${text}</p></html>`) })

/** A row of the tables of what goes wrong, and what doctor makes of it. */
interface Row {
  readonly row: string
  readonly what: string
  readonly given: (project: TempProject) => Given | Promise<Given>
  readonly files?: () => Record<string, string>
  readonly check: string
  readonly level?: Finding['level']
  readonly code?: string
  readonly says: RegExp
  readonly fix: RegExp
}

const ROWS: readonly Row[] = [
  {
    row: 'V-42',
    what: 'the application has no such callback',
    given: () => ({ flags: { issuer: idp.issuer, clientId: 'no-callback' } }),
    check: 'login.redirect',
    code: 'provider_redirect_mismatch',
    says: /does not know the callback http:\/\/127\.0\.0\.1:47821\/callback/,
    fix: /To register: http:\/\/127\.0\.0\.1\/callback/,
  },
  {
    row: 'V-43',
    what: 'openid is asked for at Feishu',
    given: () => feishu({ flags: { scopes: ['openid', 'offline_access'] }, fetch: feishuPage(20_043, 'openid') }),
    check: 'login.scopes',
    code: 'provider_scope_invalid',
    says: /does not know a scope/,
    fix: /leave out openid, profile and email/,
  },
  {
    row: 'V-44',
    what: 'the callback is not in the list of Feishu',
    given: () => feishu({ fetch: feishuPage(20_029, 'redirect_uri request illegal') }),
    check: 'login.redirect',
    code: 'provider_redirect_mismatch',
    says: /Feishu does not know the callback http:\/\/127\.0\.0\.1:47821\/callback, .*47822.*47823/,
    fix: /Redirect URLs.*publish a version/,
  },
  {
    row: 'V-45',
    what: 'the app lacks a permission',
    async given(project) {
      const machine = machineIn(project)
      await machine.signIn({ provider: 'feishu', user: { subject: 'on_1' } }, {})
      return {
        environment: machine.environment,
        fetch: withDoubles({
          'open.feishu.cn': () => Response.json({ code: 99_991_672, msg: 'Access denied.' }, { status: 400 }),
          [FEISHU]: () => new Response('sign in'),
        }),
      }
    },
    check: 'token.known',
    code: 'provider_permission_missing',
    says: /has none of the permissions/,
    fix: /Permissions & Scopes/,
  },
  {
    row: 'V-46',
    what: 'the provider has another name',
    given: () => ({ flags: { provider: 'fieshu' } }),
    check: 'login.target',
    code: 'provider_unknown',
    says: /no provider "fieshu"/,
    fix: /Did you mean "feishu"/,
  },
  {
    row: 'V-47',
    what: 'the token was revoked',
    async given(project) {
      const machine = machineIn(project)
      const tokens = await signedIn(idp, 'alice')
      await machine.signIn({ issuer: idp.issuer }, tokens)
      const revoked = await fetch(`${idp.issuer}/token/revocation`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: 'cli', token: tokens.accessToken }),
      })
      expect(revoked.status).toBe(200)
      return { environment: machine.environment }
    },
    check: 'token.known',
    code: 'login_expired',
    says: /does not accept the access token any more/,
    fix: /authkit login --profile default/,
  },
  {
    row: 'V-49',
    what: 'the key pair differs between shell and file',
    files: () => ({ 'auth.ts': AUTH, '.env': 'VOLCENGINE_ACCESS_KEY=from-the-file\nSAME=same\n' }),
    given: (project) => ({
      environment: { ...machineIn(project).environment, VOLCENGINE_ACCESS_KEY: 'from-the-shell', SAME: 'same' },
    }),
    check: 'env.shadowed',
    level: 'warning',
    says: /^VOLCENGINE_ACCESS_KEY has another value/,
    fix: /unset VOLCENGINE_ACCESS_KEY/,
  },
  {
    row: 'V-49',
    what: 'the client secret is wrong',
    given: (project) => ({
      flags: { issuer: idp.issuer, clientId: 'confidential' },
      environment: { ...machineIn(project).environment, AUTHKIT_CLIENT_SECRET: 'planted-client-secret' },
    }),
    check: 'login.secret',
    code: 'provider_credentials_rejected',
    says: /does not accept the client id and the secret/,
    fix: /AUTHKIT_CLIENT_SECRET/,
  },
  {
    row: 'V-53',
    what: 'GitHub answers 404',
    given: () => ({
      flags: { provider: 'github', clientId: 'Iv1.deleted' },
      fetch: withDoubles({ 'github.com': () => new Response('Not Found', { status: 404 }) }),
    }),
    check: 'login.client',
    code: 'provider_app_missing',
    says: /answers 404/,
    fix: /may have been deleted/,
  },
  {
    row: 'O-02',
    what: 'Keycloak is reached under its internal address',
    given: () => ({
      flags: { issuer: 'http://127.0.0.1:8080/realms/team', clientId: 'cli' },
      fetch: withDoubles({
        '127.0.0.1:8080': () => Response.json({ issuer: 'https://sso.example.com/realms/team' }),
      }),
    }),
    check: 'issuer.same',
    code: 'issuer_mismatch',
    says: /calls itself "https:\/\/sso\.example\.com\/realms\/team", and is configured as "http:\/\/127/,
    fix: /address that browsers use.*discoveryUrl.*KC_HOSTNAME/,
  },
  {
    row: 'O-37',
    what: 'nobody is signed in under the name',
    given: () => ({ profile: 'alice' }),
    check: 'token.valid',
    code: 'not_signed_in',
    says: /Nobody is signed in/,
    fix: /authkit login/,
  },
  {
    row: 'O-39',
    what: 'the email address is not verified',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: api.issuer, audience: AUDIENCE, requireVerifiedEmail: true }) }),
    given: async (project) => await withToken(project, await api.accessToken('alice')),
    check: 'token.accepted',
    code: 'email_not_verified',
    says: /email is undefined|email/,
    fix: /./,
  },
  {
    row: 'O-40',
    what: 'the token is none that auth.ts could verify',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: api.issuer, audience: AUDIENCE }) }),
    given: (project) => withToken(project, 'planted-opaque-token'),
    check: 'token.accepted',
    code: 'token_invalid',
    says: /no signed JWT/,
    fix: /./,
  },
  {
    row: 'O-43',
    what: 'the refresh token has expired',
    async given(project) {
      const machine = machineIn(project)
      const past = Date.now() - 1000
      await machine.signIn({}, { expiresAt: past, refreshToken: 'planted-refresh', refreshExpiresAt: past })
      return { environment: machine.environment }
    },
    check: 'token.valid',
    code: 'login_expired',
    says: /sign-in of profile default is over/,
    fix: /authkit login --profile default/,
  },
  {
    row: 'O-46',
    what: 'the token is for another service',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: api.issuer, audience: AUDIENCE }) }),
    given: async (project) =>
      await withToken(project, await api.accessToken('alice', { audience: 'https://other.example.com' })),
    check: 'token.accepted',
    code: 'token_audience',
    says: /aud is .*other\.example\.com/,
    fix: /./,
  },
  {
    row: 'O-46',
    what: 'the token is of another issuer',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: 'https://id.example.com', audience: AUDIENCE }) }),
    given: async (project) => await withToken(project, await api.accessToken('alice')),
    check: 'auth.issuer',
    code: 'token_issuer_unknown',
    says: /auth\.ts trusts "https:\/\/id\.example\.com", and sign-in uses "http:\/\/127/,
    fix: /to the letter/,
  },
  {
    row: 'O-46',
    what: 'the client may not call',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: api.issuer, allowedClients: ['other'] }) }),
    given: async (project) => await withToken(project, await api.accessToken('alice')),
    check: 'token.accepted',
    code: 'token_client_denied',
    says: /the client is/,
    fix: /./,
  },
  {
    row: 'O-48',
    what: 'the keys do not match',
    files: () => ({ 'auth.ts': oidcAuth({ issuer: api.issuer, audience: AUDIENCE }) }),
    given: async (project) => await withToken(project, await sign(await createKey('first'), goodClaims(api.issuer))),
    check: 'token.accepted',
    code: 'token_invalid',
    says: /signature/,
    fix: /./,
  },
  {
    row: 'O-48',
    what: 'no refresh token will come',
    given: () => ({ flags: { issuer: idp.issuer, clientId: 'cli', scopes: ['openid'] } }),
    check: 'login.scopes',
    level: 'warning',
    says: /Without offline_access no refresh token comes/,
    fix: /--scope offline_access/,
  },
  {
    row: 'O-49',
    what: 'the local issuer does not run',
    given: () => ({ flags: { issuer: 'http://127.0.0.1:9/_authkit/oidc' } }),
    check: 'issuer.reachable',
    code: 'provider_unavailable',
    says: /can not be reached/,
    fix: /while `authkit dev` does/,
  },
  {
    row: 'O-50',
    what: 'the issuer is plain http',
    given: () => ({ flags: { issuer: 'http://id.example.com', clientId: 'cli' } }),
    check: 'issuer.reachable',
    code: 'issuer_insecure',
    says: /plain http/,
    fix: /https/,
  },
  {
    row: 'O-60',
    what: 'the clock is wrong',
    given: () => ({ flags: { issuer: idp.issuer, clientId: 'cli' }, now: () => Date.now() - 10 * 60_000 }),
    check: 'issuer.clock',
    says: /is 600 s behind/,
    fix: /timedatectl/,
  },
]

async function withToken(project: TempProject, accessToken: string): Promise<Given> {
  const machine = machineIn(project)
  await machine.signIn({ issuer: api.issuer }, { accessToken, expiresAt: Date.now() + 3_600_000 })
  return { environment: machine.environment }
}

describe('what goes wrong in the systems that authkit learned from', () => {
  for (const { row, what, given, files, check, level = 'wrong', code, says, fix } of ROWS) {
    test(`${row}: ${what}`, async ({ project }) => {
      await project.write(files?.() ?? { 'auth.ts': AUTH })
      const found = await examine(project, await given(project))
      const finding = found[check]?.find((one) => one.level === level)
      expect(finding, JSON.stringify(found[check])).toMatchObject({
        level,
        message: expect.stringMatching(says),
        fix: expect.stringMatching(fix),
        ...(code !== undefined && { code }),
      })
      expect(JSON.stringify(found)).not.toMatch(/planted-|from-the-(file|shell)|the real secret/)
    })
  }
})
