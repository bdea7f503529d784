import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { TokenSet } from '../../src/login/login.js'
import { type Logins, openLogins } from '../../src/login/logins.js'
import { type IdentityProvider, signedIn, startIdentityProvider } from '../support/identity-provider.js'
import { test as base } from './support/home.js'
import { profileOf } from './support/logins.js'

let provider: IdentityProvider
beforeAll(async () => {
  provider = await startIdentityProvider()
})
afterAll(() => provider.close())

const environment = { AUTHKIT_TOKEN_KEY: randomBytes(32).toString('base64') }

interface World {
  open(): Logins
  /** Signs in at the real provider. The access token ends in so many seconds, as far as this machine knows. */
  signIn(endsIn: number): Promise<TokenSet>
  /** Another process that asks for the token and is killed at a stage. */
  killed(stage: string): Promise<void>
}

const test = base.extend<{ world: World }>({
  world: async ({ home }, use) => {
    const open = () => openLogins({ environment, home })
    await use({
      open,
      async signIn(endsIn) {
        const expiresAt = Date.now() + endsIn * 1000
        const tokens = { ...(await signedIn(provider, 'alice')), issuedAt: expiresAt - 3_600_000, expiresAt }
        const profile = profileOf('alice', { issuer: provider.issuer, clientId: 'cli', user: { subject: 'alice' } })
        await open().save({ profile, secrets: { tokens } }, 'file')
        return tokens
      },
      async killed(stage) {
        const script = ['--import', 'tsx', 'test/login/support/renewing-process.ts', home, 'alice', stage]
        const signal = await new Promise((resolve) =>
          execFile(process.execPath, script, { env: { ...process.env, ...environment } }, (error, stdout, stderr) => {
            resolve(error?.signal ?? `${stdout}${stderr}`)
          }),
        )
        expect(signal).toBe('SIGKILL')
      },
    })
  },
})

const refreshes = () => provider.asked('token')

describe('a process that is killed while it renews', () => {
  test.for<[string, { asked: number }]>([
    ['before it says that it will ask', { asked: 0 }],
    ['before it asks', { asked: 0 }],
    ['before it lets go', { asked: 1 }],
  ])('%s: nothing is lost', async ([stage, { asked }], { world: { open, signIn, killed } }) => {
    const before = await signIn(-10)
    const already = refreshes()
    await killed(stage)
    expect(refreshes() - already).toBe(asked)
    const { token, notice } = await open().accessToken('alice')
    expect(refreshes() - already).toBe(1)
    expect(token).not.toBe(before.accessToken)
    expect(notice).toBeUndefined()
    const { login } = await open().open('alice')
    expect(login.secrets.tokens.refreshToken).not.toBe(before.refreshToken)
    expect(login.renewingSince).toBeUndefined()
  })

  test.for(['when the answer is there', 'before it keeps the answer'])(
    '%s: whose token is over is told what happened, once the provider has said that it is over',
    async (stage, { world: { open, signIn, killed } }) => {
      await signIn(-10)
      const already = refreshes()
      await killed(stage)
      await expect(open().accessToken('alice')).rejects.toMatchObject({
        code: 'login_expired',
        message: expect.stringMatching(
          /^The session of profile alice is over: on \d{4}-.* its answer was lost, with the refresh token in it\.$/,
        ),
        hint: 'Run `authkit login --profile alice`.',
      })
      expect(refreshes() - already).toBe(2)
      await expect(open().accessToken('alice')).rejects.toMatchObject({ code: 'login_expired' })
      expect(refreshes() - already).toBe(2)
    },
  )

  test('when the answer is there: whose token works goes on with it, and is told', async ({
    world: { open, signIn, killed },
  }) => {
    const { accessToken } = await signIn(120)
    const already = refreshes()
    await killed('when the answer is there')
    expect(await open().accessToken('alice')).toMatchObject({
      token: accessToken,
      notice: expect.stringMatching(/its answer was lost\. The access token of before still works/),
    })
    expect(refreshes() - already).toBe(1)
  })
})

describe('many who ask at once', () => {
  test('get one refresh, from a provider that revokes everything at the second', async ({
    world: { open, signIn },
  }) => {
    await signIn(-10)
    const already = refreshes()
    const tokens = await Promise.all(Array.from({ length: 50 }, () => open().accessToken('alice')))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(refreshes() - already).toBe(1)
    const userinfo = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${tokens[0]?.token}` } })
    expect([userinfo.status, await userinfo.json()]).toEqual([200, expect.objectContaining({ sub: 'alice' })])
  })
})
