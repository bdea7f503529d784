import type { Login } from '../login.js'

/** Where tokens can be kept. `AUTHKIT_TOKEN` is no such place: it is read, and nothing is ever written there. */
export const STORE_KINDS = ['keychain', 'file'] as const
export type StoreKind = (typeof STORE_KINDS)[number]

/**
 * What a store keeps of one sign-in. It says itself whose it is, so tokens never meet the profile of somebody else,
 * whatever ends a process in between; the name in it is not looked at.
 */
export interface StoredLogin extends Login {
  /**
   * When the provider was asked for new tokens, in milliseconds since 1970: written before it is asked, and gone with the
   * new tokens. Where it stands, the refresh token may have been used already.
   */
  readonly renewingSince?: number
}

/** A place for tokens. Every write replaces what was there, whole or not at all. */
export interface TokenStore {
  readonly kind: StoreKind
  /** As people know it: `Secret Service`, `macOS Keychain`. */
  readonly title: string
  /**
   * What is kept under a profile's name. Undefined only where there is certainly nothing: a keychain that is locked or
   * gone is an error.
   *
   * @throws AuthkitError `keychain_unavailable`, `token_key_invalid`, `tokens_unreadable`, `tokens_exposed`.
   */
  read(profile: string): Promise<StoredLogin | undefined>
  write(profile: string, login: StoredLogin): Promise<void>
  /** Takes away all there is of a profile. There may be nothing. */
  remove(profile: string): Promise<void>
  /** Throws what `write` would throw now, so that nobody signs in and finds no place for the tokens. */
  assertWritable(): Promise<void>
}
