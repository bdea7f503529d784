import { describe, expect, it } from 'vitest'
import { AuthkitError } from '../../../src/errors/authkit-error.js'
import type { ErrorCode } from '../../../src/errors/codes.js'
import { type RenewalOptions, renewLogin, type UsableLogin } from '../../../src/login/access/renew-login.js'
import type { TokenSet } from '../../../src/login/login.js'
import type { StoredLogin } from '../../../src/login/store/token-store.js'
import { type MemoryStore, memoryStore, NOW, profileOf, secretsOf, tokensOf } from '../support/logins.js'

const MINUTE = 60_000

/** Tokens of an hour, so many minutes before their end. */
function loginEnding(minutes: number, given: Partial<TokenSet> = {}): StoredLogin {
  const expiresAt = NOW + minutes * MINUTE
  return { profile: profileOf('alice'), secrets: secretsOf({ issuedAt: expiresAt - 60 * MINUTE, expiresAt, ...given }) }
}

interface World {
  readonly store: MemoryStore
  readonly asked: string[]
  renew(given?: Partial<RenewalOptions>): Promise<UsableLogin>
}

function worldOf(login: StoredLogin | undefined, refresh: () => Promise<TokenSet> | TokenSet): World {
  const store = memoryStore()
  if (login) store.kept.set('alice', login)
  const asked: string[] = []
  const options: RenewalOptions = {
    profile: 'alice',
    store,
    refresh: async (_, { tokens }) => {
      asked.push(tokens.refreshToken ?? '')
      return refresh()
    },
    rotates: () => true,
    now: () => NOW,
    random: () => 0,
  }
  return { store, asked, renew: (given) => renewLogin({ ...options, ...given }) }
}

const fails = (code: ErrorCode) => () => Promise.reject(new AuthkitError(code, `The provider: ${code}.`))
const breaks = () => Promise.reject(new TypeError('fetch failed'))

describe('a sign-in with a token that is', () => {
  it('fresh is left alone', async () => {
    const login = loginEnding(30)
    const { renew, asked, store } = worldOf(login, breaks)
    expect(await renew()).toEqual({ login })
    expect([asked, store.written]).toEqual([[], []])
  })

  it.each([4, 0, -100])('%i minutes before its end is renewed, and kept before anybody sees it', async (minutes) => {
    const login = loginEnding(minutes, { idToken: 'id', refreshExpiresAt: NOW + MINUTE })
    const { refreshToken: _, ...sent } = tokensOf()
    const rotated = tokensOf({ refreshExpiresAt: NOW + 5 * MINUTE })
    const cases: readonly (readonly [TokenSet, object])[] = [
      [rotated, { ...rotated, idToken: 'id' }],
      // What the answer does not say stays.
      [
        sent,
        { ...sent, idToken: 'id', refreshToken: login.secrets.tokens.refreshToken, refreshExpiresAt: NOW + MINUTE },
      ],
      [tokensOf({ idToken: 'new', refreshToken: 'r' }), { idToken: 'new', refreshToken: 'r' }],
    ]
    for (const [answer, kept] of cases) {
      const { renew, store, asked } = worldOf(login, () => answer)
      const { login: renewed, notice } = await renew()
      expect(notice).toBeUndefined()
      expect(asked).toEqual([login.secrets.tokens.refreshToken])
      expect(renewed.secrets.tokens).toMatchObject(kept)
      expect(store.kept.get('alice')).toEqual(renewed)
      expect(renewed.renewingSince).toBeUndefined()
      if (answer.refreshToken !== undefined && answer !== rotated)
        expect(renewed.secrets.tokens.refreshExpiresAt).toBeUndefined()
    }
  })

  it('gone is an error that says what to do', async () => {
    await expect(worldOf(undefined, breaks).renew()).rejects.toMatchObject({
      code: 'not_signed_in',
      hint: 'Run `authkit login --profile alice`.',
    })
  })

  it.each<[string, Partial<TokenSet>]>([
    ['without a refresh token', { refreshToken: undefined as never }],
    ['with a refresh token that is over', { refreshExpiresAt: NOW - 1 }],
  ])('%s works until its end, and then the session has expired', async (_, given) => {
    const soon = worldOf(loginEnding(2, given), breaks)
    expect(await soon.renew()).toEqual({ login: soon.store.kept.get('alice') })
    const over = worldOf(loginEnding(-2, given), breaks)
    await expect(over.renew()).rejects.toMatchObject({
      code: 'login_expired',
      message: 'The session of profile alice has expired.',
      hint: 'Run `authkit login --profile alice`.',
    })
    expect([...soon.asked, ...over.asked]).toEqual([])
  })
})

describe('where a renewal fails', () => {
  const CASES: readonly [string, () => Promise<TokenSet>, ErrorCode, boolean][] = [
    ['the provider is not there', fails('provider_unavailable'), 'provider_unavailable', false],
    ['the provider is set up wrongly', fails('provider_credentials_rejected'), 'provider_credentials_rejected', false],
    ['the answer is lost', fails('refresh_uncertain'), 'refresh_uncertain', true],
    ['something unexpected happens', breaks, 'refresh_uncertain', true],
  ]

  it.each(CASES)('because %s, a token that works is handed out with a notice', async (_, refresh, code, uncertain) => {
    const login = loginEnding(2)
    const { renew, asked, store } = worldOf(login, refresh)
    const { login: same, notice } = await renew()
    expect(same.secrets).toEqual(login.secrets)
    expect(notice).toMatch(/The access token of before still works/)
    expect(asked).toHaveLength(1)
    expect(store.kept.get('alice')?.renewingSince).toBe(uncertain ? NOW : undefined)
    if (code !== 'refresh_uncertain') expect(notice).toContain(`The provider: ${code}.`)
  })

  it.each(CASES)('because %s, and the token is over, that is the error', async (_, refresh, code, uncertain) => {
    const login = loginEnding(-2)
    const { renew, asked, store } = worldOf(login, refresh)
    await expect(renew()).rejects.toMatchObject({ code })
    expect(asked).toHaveLength(1)
    expect(store.kept.get('alice')).toEqual(uncertain ? { ...login, renewingSince: NOW } : login)
  })

  it('because the provider refuses the refresh token, it is asked once, and never again', async () => {
    const { renew, asked, store } = worldOf(loginEnding(-2), fails('login_expired'))
    await expect(renew()).rejects.toMatchObject({
      code: 'login_expired',
      message: 'The session of profile alice has expired: the provider no longer takes its refresh token.',
      hint: 'Run `authkit login --profile alice`.',
    })
    expect(store.kept.get('alice')?.secrets.tokens.refreshToken).toBeUndefined()
    await expect(renew()).rejects.toMatchObject({ code: 'login_expired' })
    expect(asked).toHaveLength(1)
    const soon = worldOf(loginEnding(2), fails('login_expired'))
    expect((await soon.renew()).notice).toMatch(/no longer takes its refresh token.*still works/)
    expect(await soon.renew()).not.toHaveProperty('notice')
    expect(soon.asked).toHaveLength(1)
  })

  it('because somebody else renewed who does not share the lock, theirs is used', async () => {
    const theirs = loginEnding(60)
    const world: World = worldOf(loginEnding(-2), () => {
      world.store.kept.set('alice', theirs)
      return fails('login_expired')()
    })
    expect(await world.renew()).toEqual({ login: theirs })
    expect(world.store.kept.get('alice')).toEqual(theirs)
  })
})

describe('after a renewal that was interrupted', () => {
  const interrupted = (minutes: number): StoredLogin => ({ ...loginEnding(minutes), renewingSince: NOW - 3 * MINUTE })

  it('nothing is tried while the token works, and that is said', async () => {
    const { renew, asked } = worldOf(interrupted(2), breaks)
    const { login, notice } = await renew()
    expect(login).toEqual(expect.objectContaining({ renewingSince: NOW - 3 * MINUTE }))
    expect(notice).toMatch(
      /^On 2026-06-01 11:57:00 UTC the provider was asked for new tokens, and its answer was lost\./,
    )
    expect(asked).toEqual([])
  })

  it('it is tried at once where refresh tokens do not rotate', async () => {
    const { renew, asked, store } = worldOf(interrupted(2), () => tokensOf())
    expect(await renew({ rotates: () => false })).toEqual({ login: store.kept.get('alice') })
    expect(asked).toHaveLength(1)
  })

  it('it is tried when the token is over, and may succeed', async () => {
    const { renew, store } = worldOf(interrupted(-2), () => tokensOf())
    expect(await renew()).toEqual({ login: store.kept.get('alice') })
    expect(store.kept.get('alice')?.renewingSince).toBeUndefined()
  })

  it('or is over for good, and says what happened', async () => {
    const { renew, asked } = worldOf(interrupted(-2), fails('login_expired'))
    await expect(renew()).rejects.toMatchObject({
      code: 'login_expired',
      message:
        'The session of profile alice is over: on 2026-06-01 11:57:00 UTC the provider was asked for new tokens, and its answer was lost, with the refresh token in it.',
      hint: 'Run `authkit login --profile alice`.',
    })
    await expect(renew()).rejects.toMatchObject({ code: 'login_expired' })
    expect(asked).toHaveLength(1)
  })

  it('a provider that is away changes nothing about that', async () => {
    const { renew, store } = worldOf(interrupted(-2), fails('provider_unavailable'))
    await expect(renew()).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(store.kept.get('alice')?.renewingSince).toBe(NOW - 3 * MINUTE)
  })
})

describe('where the store fails', () => {
  const away = () => {
    throw new AuthkitError('keychain_unavailable', 'The keychain is locked.')
  }

  it('before the provider is asked, it is not asked', async () => {
    for (const minutes of [2, -2]) {
      const { renew, asked, store } = worldOf(loginEnding(minutes), () => tokensOf())
      store.beforeWrite = away
      const renewal = renew()
      if (minutes > 0) expect((await renewal).notice).toMatch(/^The keychain is locked\. The access token of before/)
      else await expect(renewal).rejects.toMatchObject({ code: 'keychain_unavailable' })
      expect(asked).toEqual([])
    }
  })

  it('for a moment when the tokens are there, it is tried again', async () => {
    const { renew, store } = worldOf(loginEnding(-2), () => tokensOf())
    let failures = 0
    store.beforeWrite = (count) => {
      if (count === 1 && failures++ < 2) away()
    }
    const { login, notice } = await renew()
    expect(notice).toBeUndefined()
    expect(store.kept.get('alice')).toEqual(login)
  })

  it('for good when the tokens are there, they are used, and what will happen is said', async () => {
    const { renew, store } = worldOf(loginEnding(-2), () => tokensOf({ accessToken: 'new' }))
    store.beforeWrite = (count) => {
      if (count > 0) away()
    }
    const { login, notice } = await renew()
    expect(login.secrets.tokens.accessToken).toBe('new')
    expect(notice).toMatch(
      /could not be stored\. The keychain is locked\. .*sign in again: authkit login --profile alice\.$/,
    )
    expect(store.kept.get('alice')?.renewingSince).toBe(NOW)
  })
})
