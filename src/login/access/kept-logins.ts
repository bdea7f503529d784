import { AuthkitError } from '../../errors/authkit-error.js'
import type { ListedProfile } from '../profiles/profile-list.js'
import type { StoredLogin, StoreKind, TokenStore } from '../store/token-store.js'
import { type RenewalOptions, renewLogin, signedOut, type UsableLogin } from './renew-login.js'
import { isFresh, isUsable } from './validity.js'

/** What the stores have, read once a process, and renewed once however many ask for it. */
export interface KeptLogins {
  /** @throws AuthkitError `not_signed_in`, and what the store throws. */
  read(profile: ListedProfile): Promise<StoredLogin>
  /** One whose access token works. Throws what {@link renewLogin} does, and `profile_busy`. */
  usable(profile: ListedProfile): Promise<UsableLogin>
  /** Tells of what was stored otherwise, or removed. */
  changed(name: string, login?: StoredLogin): void
}

export interface KeptLoginsOptions extends Pick<RenewalOptions, 'refresh' | 'rotates' | 'now' | 'random'> {
  readonly stores: Readonly<Record<StoreKind, TokenStore>>
  /** Does something while nobody else does anything to the profile. */
  readonly locked: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

export function keepLogins({ stores, locked, refresh, rotates, now, random }: KeptLoginsOptions): KeptLogins {
  const known = new Map<string, Promise<StoredLogin | undefined>>()
  const renewing = new Map<string, Promise<UsableLogin>>()

  async function read({ name, store }: ListedProfile): Promise<StoredLogin> {
    const reading = known.get(name) ?? stores[store].read(name)
    known.set(name, reading)
    const login = await reading
    if (!login) throw signedOut(name, stores[store])
    return login
  }

  function changed(name: string, login?: StoredLogin): void {
    if (login) known.set(name, Promise.resolve(login))
    else known.delete(name)
  }

  async function renewed({ name, store }: ListedProfile, login: StoredLogin): Promise<UsableLogin> {
    const options = { profile: name, store: stores[store], refresh, rotates, now, random }
    try {
      const renewal = await locked(name, () => renewLogin(options))
      changed(name, renewal.login)
      return renewal
    } catch (error) {
      // Somebody else may be waiting for the provider; what works goes on working.
      const inVain = error instanceof AuthkitError && error.code === 'profile_busy'
      if (inVain && isUsable(login.secrets.tokens, now())) return { login, notice: error.message }
      changed(name)
      throw error
    }
  }

  return {
    read,
    changed,
    async usable(profile) {
      const login = await read(profile)
      if (isFresh(login.secrets.tokens, now(), random())) return { login }
      const { name } = profile
      const renewal = renewing.get(name) ?? renewed(profile, login).finally(() => renewing.delete(name))
      renewing.set(name, renewal)
      return renewal
    },
  }
}
