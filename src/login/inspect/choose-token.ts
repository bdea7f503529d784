import { AuthkitError } from '../../errors/authkit-error.js'
import { PROVIDERS } from '../../providers/index.js'
import { environmentToken } from '../environment-token.js'
import type { Logins } from '../logins.js'
import { decodeToken } from './decode-token.js'
import type { InspectOptions } from './inspect-token.js'

export interface TokenToInspect extends Pick<InspectOptions, 'issuer' | 'provider' | 'audience'> {
  readonly token: string
  /** As a person would say it: `profile alice`. */
  readonly source: string
}

export interface ChooseOptions {
  /** Of a profile, or `-` for the text of stdin; without one AUTHKIT_TOKEN, else the default profile. */
  readonly name: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly stdin: () => Promise<string>
}

/**
 * The token that `authkit token inspect` looks at, as it is kept: it is not renewed. What it should be like is known of a
 * profile; of any other token, the issuer is believed that it names where somebody is signed in there.
 *
 * @throws AuthkitError `usage` where stdin holds no token, and what {@link Logins.open} throws.
 */
export async function chooseToken(logins: Logins, options: ChooseOptions): Promise<TokenToInspect> {
  const { name, environment, stdin } = options
  if (name === '-') return foreign(tokenIn(await stdin()), 'stdin', logins)
  const given = name === undefined ? environmentToken(environment) : undefined
  if (given !== undefined) return foreign(given, 'AUTHKIT_TOKEN', logins)
  const { profile, login } = await logins.open(name)
  return {
    token: login.secrets.tokens.accessToken,
    source: `profile ${profile.name}`,
    issuer: profile.issuer,
    provider: PROVIDERS.find((provider) => provider.name === profile.provider),
    audience: profile.audience,
  }
}

async function foreign(token: string, source: string, logins: Logins): Promise<TokenToInspect> {
  const issuer = decodeToken(token)?.claims['iss']
  const { profiles } = await logins.list()
  const known = profiles.find((profile) => profile.issuer !== undefined && profile.issuer === issuer)
  return { token, source, issuer: known?.issuer }
}

function tokenIn(text: string): string {
  const token = text.trim().replace(/^Bearer +/i, '')
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new AuthkitError('usage', 'There is no token on stdin.', {
    hint: 'Give it one alone, such as `pbpaste | authkit token inspect -`.',
  })
}
