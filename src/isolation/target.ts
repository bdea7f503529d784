import { isIP } from 'node:net'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Owner, Tokens } from './actor.js'

/** The placeholder tokens of `authkit dev` and of LangGraph's tutorial. */
const PLACEHOLDERS = { alice: 'user1-token', bob: 'user2-token' } as const

/**
 * The server under test. Throws `usage` for what is no plain http(s) URL, and for one that carries a credential: URLs
 * end up in logs and reports.
 */
export function parseTarget(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new AuthkitError('usage', '--url is not an http or https URL.', {
      hint: 'Give the address of the server, such as --url http://127.0.0.1:2024.',
    })
  }
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw new AuthkitError('usage', '--url must not carry a user, a password, a query or a fragment.', {
      hint: 'Give tokens with AUTHKIT_ALICE_TOKEN and AUTHKIT_BOB_TOKEN, or --alice-token and --bob-token.',
    })
  }
  return parsed
}

/** Whether the target is this machine, by its address and not by what a name may resolve to. */
export function isLoopback({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** Throws `target_refused` for a server elsewhere that the user didn't agree to. */
export function assertAgreed(target: URL, agreed: boolean): void {
  if (isLoopback(target) || agreed) return
  throw new AuthkitError(
    'target_refused',
    `${target.host} is not this machine. The suite would create, change and delete objects of two users there.`,
  )
}

export interface GivenTokens {
  readonly alice?: string | undefined
  readonly bob?: string | undefined
  readonly carol?: string | undefined
}

/**
 * The tokens to use: what was given, else the placeholders, and those only for a server on this machine.
 *
 * Throws `usage` when one is missing, unusable in a header, or when both are the same.
 */
export function chooseTokens(target: URL, given: GivenTokens): Tokens {
  const choose = (name: Owner): string => {
    const placeholder = name !== 'carol' && isLoopback(target) ? PLACEHOLDERS[name] : undefined
    const token = given[name] ?? placeholder
    if (token === undefined || token.trim() === '') {
      throw new AuthkitError('usage', `There is no token for ${name}.`, {
        hint: `Set AUTHKIT_${name.toUpperCase()}_TOKEN, or give --${name}-token.`,
      })
    }
    if (/[^\x20-\x7e]/.test(token)) {
      throw new AuthkitError('usage', `The token for ${name} cannot stand in an HTTP header.`, {
        hint: 'Tokens are printable ASCII; check for a line break at its end.',
      })
    }
    return token
  }
  const tokens: Tokens = {
    alice: choose('alice'),
    bob: choose('bob'),
    ...(given.carol === undefined ? {} : { carol: choose('carol') }),
  }
  if (tokens.alice === tokens.bob) {
    throw new AuthkitError('usage', 'Alice and Bob have the same token.', { hint: 'The suite needs two users.' })
  }
  if (tokens.carol === tokens.alice || tokens.carol === tokens.bob) {
    throw new AuthkitError('usage', 'Carol has the same token as Alice or Bob.', {
      hint: 'Carol is a third user; leave her out where there is none.',
    })
  }
  return tokens
}
