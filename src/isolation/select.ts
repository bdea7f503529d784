import { AuthkitError } from '../errors/authkit-error.js'
import type { Check } from './check.js'

export interface Selection {
  readonly only?: readonly string[] | undefined
  readonly skip?: readonly string[] | undefined
}

/**
 * The checks whose id matches: `*` in a pattern stands for any characters.
 *
 * Throws `usage` when a pattern matches nothing, with the nearest id, and when nothing is left.
 */
export function selectChecks(checks: readonly Check[], { only = [], skip = [] }: Selection): Check[] {
  const ids = checks.map(({ id }) => id)
  for (const pattern of [...only, ...skip]) {
    if (ids.some((id) => glob(pattern).test(id))) continue
    throw new AuthkitError('usage', `No check matches "${pattern}". Did you mean ${nearest(pattern, ids)}?`, {
      hint: 'Run `authkit test-isolation --list` to see all checks.',
    })
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

function nearest(pattern: string, ids: readonly string[]): string {
  const [best] = ids
    .map((id) => ({ id, distance: editDistance(pattern.replaceAll('*', ''), id) }))
    .sort((a, b) => a.distance - b.distance)
  return best?.id ?? ''
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1]
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
