import { AuthkitError } from '../errors/authkit-error.js'
import { nearest } from '../errors/nearest.js'
import type { CheckInfo } from './check.js'

export interface Selection {
  readonly only?: readonly string[] | undefined
  readonly skip?: readonly string[] | undefined
}

/**
 * The checks whose id matches: `*` in a pattern stands for any characters.
 *
 * Throws `usage` when a pattern matches nothing, with the nearest id, and when nothing is left.
 */
export function selectChecks<C extends CheckInfo>(checks: readonly C[], { only = [], skip = [] }: Selection): C[] {
  const ids = checks.map(({ id }) => id)
  for (const pattern of [...only, ...skip]) {
    if (ids.some((id) => glob(pattern).test(id))) continue
    throw new AuthkitError(
      'usage',
      `No check matches "${pattern}". Did you mean ${nearest(pattern.replaceAll('*', ''), ids).word}?`,
      {
        hint: 'Run `authkit test-isolation --list` to see all checks.',
      },
    )
  }
  const matches = (patterns: readonly string[], id: string) => patterns.some((pattern) => glob(pattern).test(id))
  const chosen = checks.filter(({ id }) => (only.length === 0 || matches(only, id)) && !matches(skip, id))
  if (chosen.length === 0) {
    throw new AuthkitError('usage', 'No check is left to run.', { hint: 'Loosen --only and --skip.' })
  }
  return chosen
}

function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`)
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
