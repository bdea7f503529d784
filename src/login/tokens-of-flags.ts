import { AuthkitError } from '../errors/authkit-error.js'
import type { Logins } from './logins.js'
import { isProfileName } from './profiles/profile-name.js'

/**
 * The tokens of the people in a command: what `--alice-token` says, or the access token of the profile in `--alice @alice`,
 * which is renewed if need be. The same for every name. Nothing is looked up before all flags are right.
 *
 * @param names Of the people: `alice` has the flags `--alice` and `--alice-token`.
 * @param say Tells a person something, on stderr.
 * @throws AuthkitError `usage`, without quoting what was given; and what {@link Logins.accessToken} throws.
 * @example
 * const { alice, bob } = await tokensOfFlags(['alice', 'bob'], flags, { logins: openLogins(), say })
 */
export async function tokensOfFlags<Name extends string>(
  names: readonly Name[],
  flags: Readonly<Record<string, unknown>>,
  { logins, say }: { logins: Logins; say: (text: string) => void },
): Promise<Partial<Record<Name, string>>> {
  const tokens: Partial<Record<Name, string>> = {}
  const profiles: [Name, string][] = []
  for (const name of names) {
    const [profile, token] = [flags[name], flags[`${name}-token`]]
    if (typeof profile === 'string') profiles.push([name, profileOf(name, profile, token)])
    else if (typeof token === 'string') tokens[name] = token
  }
  for (const [name, profile] of profiles) {
    const { token, notice } = await logins.accessToken(profile)
    if (notice !== undefined) say(notice)
    tokens[name] = token
  }
  return tokens
}

function profileOf(name: string, value: string, token: unknown): string {
  const variable = `AUTHKIT_${name.toUpperCase()}_TOKEN`
  if (!value.startsWith('@') || !isProfileName(value.slice(1))) {
    throw new AuthkitError('usage', `--${name} takes a profile, such as @${name}.`, {
      hint: `\`authkit profiles\` lists them. A token itself goes into ${variable}, where the process list does not show it.`,
    })
  }
  if (token !== undefined) {
    throw new AuthkitError('usage', `There is a token for ${name} beside --${name}.`, {
      hint: `Leave out --${name}, or --${name}-token and ${variable}.`,
    })
  }
  return value.slice(1)
}
