import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/**
 * The folder that authkit keeps of a user: the list of profiles, and tokens where they are kept in files. It is
 * `$AUTHKIT_HOME`, else `authkit` in `$XDG_CONFIG_HOME` (`%APPDATA%` on Windows), else `~/.config/authkit`.
 */
export function authkitHome(
  environment: NodeJS.ProcessEnv,
  { platform = process.platform, home = homedir() }: { platform?: NodeJS.Platform; home?: string } = {},
): string {
  const given = environment['AUTHKIT_HOME']
  if (given) return resolve(given)
  const base = environment[platform === 'win32' ? 'APPDATA' : 'XDG_CONFIG_HOME']
  // The XDG specification ignores a relative path.
  if (base && isAbsolute(base)) return join(base, 'authkit')
  return platform === 'win32' ? join(home, 'AppData', 'Roaming', 'authkit') : join(home, '.config', 'authkit')
}
