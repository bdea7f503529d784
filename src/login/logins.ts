import { join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import { PROVIDERS } from '../providers/index.js'
import { keepLogins } from './access/kept-logins.js'
import { environmentToken } from './environment-token.js'
import { authkitHome } from './home.js'
import { withLock } from './lock.js'
import type { Login, RefreshTokens, Revocation, RevokeTokens } from './login.js'
import {
  assertFree,
  isSameUser,
  type ListedProfile,
  openProfileList,
  type Profiles,
  profileLike,
  profileNamed,
  withoutProfile,
  withProfile,
  withRenamed,
} from './profiles/profile-list.js'
import { assertProfileName } from './profiles/profile-name.js'
import { openKeychain } from './store/keychain.js'
import { openTokenFiles } from './store/token-files.js'
import type { StoredLogin, StoreKind, TokenStore } from './store/token-store.js'

/** An access token that works, and where it is from. */
export interface AccessToken {
  readonly token: string
  /** Undefined for the token in AUTHKIT_TOKEN. */
  readonly profile?: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  /** What a person has to know all the same. */
  readonly notice?: string
}

/** A profile with what its store has of it. */
export interface OpenLogin {
  readonly profile: ListedProfile
  readonly login: StoredLogin
  readonly store: { readonly kind: StoreKind; readonly title: string }
}

/** How a sign-in ended at the provider. On this machine it did. */
export interface LoggedOut {
  readonly profile: string
  /** `nothing` where no tokens were left to take back. */
  readonly revocation: Revocation | 'failed' | 'nothing'
  /** Why it failed: the tokens live until they end. */
  readonly problem?: AuthkitError
}

/**
 * All sign-ins of this user on this machine: the list of profiles, and the tokens in their stores. Any number of processes
 * may use it at once.
 */
export interface Logins {
  /** Where all of it is. */
  readonly home: string
  list(): Promise<Profiles>
  /**
   * Looks before anybody signs in whether a profile may be called so, and whether its tokens could be stored.
   *
   * @returns The profile that is there already.
   */
  prepare(name: string, store: StoreKind): Promise<ListedProfile | undefined>
  /** Puts a sign-in away, in the place of what its profile was before. */
  save(login: Login, store: StoreKind): Promise<ListedProfile>
  /** @param name Of a profile; without one the default. */
  open(name?: string): Promise<OpenLogin>
  /**
   * A valid access token, renewed where need be: once, however many ask at once, in however many processes.
   *
   * @param name Of a profile; without one AUTHKIT_TOKEN, else the default.
   */
  accessToken(name?: string): Promise<AccessToken>
  /** Has the provider take back the tokens, then removes them and the profile; the latter also where the former fails. */
  logout(name?: string): Promise<LoggedOut>
  /** Removes tokens and profile. At the provider the tokens live until they end. */
  remove(name: string): Promise<ListedProfile>
  rename(name: string, to: string): Promise<ListedProfile>
  setDefault(name: string): Promise<ListedProfile>
}

export interface LoginsOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly home?: string
  readonly stores?: Readonly<Record<StoreKind, TokenStore>>
  readonly refresh?: RefreshTokens
  readonly revoke?: RevokeTokens
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** From 0 to 1. */
  readonly random?: () => number
  /** How long to wait for another process that is busy with the same profile, in milliseconds. */
  readonly waitMs?: number
}

/** Longer than a renewal takes: it waits for the provider, and for the keychain. */
const WAIT_MS = 45_000

/** How long a provider has to take back tokens, in milliseconds. */
const REVOKE_MS = 10_000

/**
 * Opens what is signed in. Nothing is read before it is asked for.
 *
 * Tokens are stored before the list names their profile, and removed before it forgets it. So tokens without a profile are
 * nobody's, and a profile without tokens is signed out; whatever ends a process, there is nothing else.
 *
 * @example
 * const { token } = await openLogins().accessToken('alice')
 */
export function openLogins({
  environment = process.env,
  home = authkitHome(environment),
  stores = storesIn(home, environment),
  refresh = async (...given) => (await import('./protocol/refresh.js')).refreshTokens(...given),
  revoke = async (...given) => (await import('./protocol/revoke.js')).revokeTokens(...given),
  now = Date.now,
  random = Math.random,
  waitMs = WAIT_MS,
}: LoginsOptions = {}): Logins {
  const list = openProfileList(home)
  const kept = keepLogins({ stores, locked, refresh, rotates, now, random })

  function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    const busy = () =>
      new AuthkitError('profile_busy', `Another process has been busy with profile ${name} for too long.`)
    return withLock(join(home, 'locks', `profile-${name}.lock`), { waitMs, busy }, work)
  }

  /** The profile of a name as it is when nobody else does anything to it. */
  async function lockedProfile<T>(name: string | undefined, work: (profile: ListedProfile) => Promise<T>): Promise<T> {
    const profile = profileNamed(await list.read(), name)
    return locked(profile.name, async () => work(profileNamed(await list.read(), profile.name)))
  }

  async function open(name?: string): Promise<OpenLogin> {
    const listed = profileNamed(await list.read(), name)
    const login = await kept.read(listed)
    // What the store has says whose it is; the list is its table of contents.
    const profile = { ...login.profile, name: listed.name, store: listed.store }
    return { profile, login, store: stores[listed.store] }
  }

  async function forget({ name, store }: ListedProfile): Promise<void> {
    await stores[store].remove(name)
    await list.change((all) => withoutProfile(all, name))
    kept.changed(name)
  }

  async function revocation(login: StoredLogin | undefined): Promise<Omit<LoggedOut, 'profile'>> {
    if (!login) return { revocation: 'nothing' }
    try {
      return { revocation: await revoke(login.profile, login.secrets, { signal: AbortSignal.timeout(REVOKE_MS) }) }
    } catch (cause) {
      const problem =
        cause instanceof AuthkitError
          ? cause
          : new AuthkitError('provider_unavailable', 'The provider gave no answer that can be read.', { cause })
      return { revocation: 'failed', problem }
    }
  }

  return {
    home,
    list: () => list.read(),
    open,

    async prepare(name, store) {
      assertProfileName(name)
      const existing = profileLike(await list.read(), name)
      await stores[store].assertWritable()
      return existing
    },

    async save({ profile, secrets }, store) {
      const { name } = profile
      assertProfileName(name)
      return locked(name, async () => {
        const before = profileLike(await list.read(), name)
        const saved = { ...profile, store }
        // So that the list never says of one user's tokens that they are another's.
        if (before && !isSameUser(before, profile)) await list.change((all) => withoutProfile(all, name))
        await stores[store].write(name, { profile, secrets })
        await list.change((all) => withProfile(all, saved))
        if (before && before.store !== store) await stores[before.store].remove(name).catch(() => undefined)
        kept.changed(name, { profile, secrets })
        return saved
      })
    },

    async accessToken(name) {
      const given = name === undefined ? environmentToken(environment) : undefined
      if (given !== undefined) return { token: given }
      const profile = profileNamed(await list.read(), name)
      const { login, notice } = await kept.usable(profile)
      const { accessToken, expiresAt } = login.secrets.tokens
      return {
        token: accessToken,
        profile: profile.name,
        ...(expiresAt !== undefined && { expiresAt }),
        ...(notice !== undefined && { notice }),
      }
    },

    logout: (name) =>
      lockedProfile(name, async (profile) => {
        const login = await stores[profile.store].read(profile.name)
        const end = await revocation(login)
        await forget(profile)
        return { profile: profile.name, ...end }
      }),

    remove: (name) =>
      lockedProfile(name, async (profile) => {
        await forget(profile)
        return profile
      }),

    async rename(name, to) {
      assertProfileName(to)
      const plan = (all: Profiles) => {
        const profile = profileNamed(all, name)
        assertFree(all, to)
        return profile
      }
      plan(await list.read())
      // In the order of the alphabet, so that two who rename can't wait for each other.
      const [first, second] = [name, to].sort() as [string, string]
      return locked(first, () =>
        locked(second, async () => {
          const profile = plan(await list.read())
          const store = stores[profile.store]
          const login = await store.read(name)
          if (login) await store.write(to, login)
          const renamed = { ...profile, name: to }
          await list.change((all) => withRenamed(all, name, renamed))
          await store.remove(name)
          kept.changed(name)
          return renamed
        }),
      )
    },

    async setDefault(name) {
      const profile = profileNamed(await list.read(), name)
      await list.change((all) => ({ ...all, default: profileNamed(all, name).name }))
      return profile
    },
  }
}

function storesIn(home: string, environment: NodeJS.ProcessEnv): Record<StoreKind, TokenStore> {
  // Another AUTHKIT_HOME has profiles of its own, and the keychain is the same.
  const suffix = environment['AUTHKIT_HOME'] ? `@${home}` : ''
  return { keychain: openKeychain({ environment, suffix }), file: openTokenFiles({ home, environment }) }
}

/** Of a provider that this authkit does not know, the worst is assumed. */
function rotates({ profile }: StoredLogin): boolean {
  return PROVIDERS.find(({ name }) => name === profile.provider)?.refresh.rotates ?? true
}
