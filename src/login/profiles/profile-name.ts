import { AuthkitError } from '../../errors/authkit-error.js'

/** What a profile is called where nobody says otherwise. */
export const DEFAULT_PROFILE = 'default'

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

/** Letters, digits, `-`, `_` and `.`, at most 64 of them, and a letter or digit first: it can stand in a file's name. */
export function isProfileName(name: string): boolean {
  return NAME.test(name)
}

/**
 * @throws AuthkitError `usage` for what no profile can be called. It is not quoted: it may be a token that was pasted into
 *   the wrong place.
 */
export function assertProfileName(name: string): void {
  if (isProfileName(name)) return
  throw new AuthkitError('usage', 'This is not the name of a profile.', {
    hint: 'A name has letters, digits, "-", "_" and ".", at most 64 of them, and begins with a letter or digit.',
  })
}
