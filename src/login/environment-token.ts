import { AuthkitError } from '../errors/authkit-error.js'

/**
 * The access token in AUTHKIT_TOKEN: what commands use where no profile is named. It is read and never written, so there
 * is nothing in it to renew, to sign out of, or to sign in to.
 *
 * @throws AuthkitError `usage` for what can't stand in a header. It is not quoted.
 */
export function environmentToken(environment: NodeJS.ProcessEnv): string | undefined {
  const token = environment['AUTHKIT_TOKEN']?.trim()
  if (!token) return undefined
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new AuthkitError('usage', 'AUTHKIT_TOKEN cannot stand in an HTTP header.', {
    hint: 'A token is printable ASCII without spaces: put nothing before it, such as "Bearer".',
  })
}
