import { AuthkitError } from '../../errors/authkit-error.js'
import { keychainError } from './keychain-error.js'
import { type KeychainCalls, startKeychainProcess } from './keychain-process.js'
import { type Entries, splitEntries } from './split.js'
import { parseLogin, serializeLogin } from './stored-json.js'
import type { TokenStore } from './token-store.js'

/** What all entries of authkit stand under. */
export const SERVICE = 'authkit'

/** Windows takes 2,560 bytes an entry (CRED_MAX_CREDENTIAL_BLOB_SIZE); the others take what comes. */
const WINDOWS_LIMIT = 2560

/** No profile is called like that. */
const PROBE = '.probe'

export interface KeychainOptions {
  readonly environment: NodeJS.ProcessEnv
  /** What follows the name of a profile in that of its entry: nothing, except where AUTHKIT_HOME makes a world of its own. */
  readonly suffix?: string
  /** The most bytes that an entry takes. */
  readonly limit?: number
  /** How long the keychain has for an answer, in milliseconds. */
  readonly callMs?: number
  readonly platform?: NodeJS.Platform
  readonly calls?: KeychainCalls
}

/**
 * Tokens in the keychain of the operating system: Secret Service, macOS Keychain or Windows Credential Manager, with one
 * entry a profile under the service `authkit`. Nothing takes its place where there is none.
 *
 * @example
 * const store = openKeychain({ environment: process.env })
 * await store.write('alice', { profile, secrets })   // secret-tool lookup service authkit account alice
 */
export function openKeychain({
  environment,
  suffix = '',
  platform = process.platform,
  limit = platform === 'win32' ? WINDOWS_LIMIT : Number.POSITIVE_INFINITY,
  callMs = 3000,
  calls = startKeychainProcess({ service: SERVICE, environment, callMs }),
}: KeychainOptions): TokenStore {
  const account = (name: string) => `${name}${suffix}`

  /** A Secret Service that is locked says of what it has that there is nothing. What can be written to is not locked. */
  async function assertWritable(): Promise<void> {
    await calls.set(account(PROBE), 'authkit looks whether the keychain is open')
    await calls.remove(account(PROBE))
  }

  const entries: Entries = {
    get: (name) => calls.get(account(name)),
    set: (name, text) => calls.set(account(name), text),
    async remove(name) {
      await calls.remove(account(name))
    },
  }
  const texts = splitEntries(entries, limit)
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw keychainError(error, platform)
    }
  }

  return {
    kind: 'keychain',
    title: titleOf(platform),

    async read(profile) {
      const text = await explained(readText(profile))
      if (text === undefined) return undefined
      const login = parseLogin(text)
      if (login) return login
      throw new AuthkitError(
        'tokens_unreadable',
        `What the keychain holds of profile ${profile} was not written by this authkit.`,
      )
    },
    write: (profile, login) => explained(texts.set(profile, serializeLogin(login))),
    remove: (profile) => explained(removeText(profile)),
    assertWritable: () => explained(assertWritable()),
  }

  async function readText(profile: string): Promise<string | undefined> {
    const text = await texts.get(profile)
    if (text === undefined) await assertWritable()
    return text
  }

  async function removeText(profile: string): Promise<void> {
    await texts.remove(profile)
    await assertWritable()
  }
}

function titleOf(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'macOS Keychain'
  return platform === 'win32' ? 'Windows Credential Manager' : 'Secret Service'
}
