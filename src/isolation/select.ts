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
    throw new AuthkitError('usage', `No check matches "${pattern}".${meant(pattern.replaceAll('*', ''), ids)}`, {
      hint: pattern.startsWith('any.')
        ? 'The checks of any HTTP API run with --har or --openapi.'
        : 'Run `authkit test-isolation --list` to see all checks.',
    })
  }
  const matches = (patterns: readonly string[], id: string) => patterns.some((pattern) => glob(pattern).test(id))
  const chosen = checks.filter(({ id }) => (only.length === 0 || matches(only, id)) && !matches(skip, id))
  if (chosen.length === 0) {
    throw new AuthkitError('usage', 'No check is left to run.', { hint: 'Loosen --only and --skip.' })
  }
  return chosen
}

/** Throws `usage`, with the nearest id, when there is no such check. */
export function checkNamed<C extends CheckInfo>(checks: readonly C[], id: string): C {
  const found = checks.find((check) => check.id === id)
  if (found) return found
  const ids = checks.map((check) => check.id)
  throw new AuthkitError('usage', `There is no check "${id}".${meant(id, ids)}`, {
    hint: 'Run `authkit test-isolation --list` to see all checks.',
  })
}

/** ` Did you mean thread.read?`, where an id is near enough to be meant. */
function meant(wrong: string, ids: readonly string[]): string {
  const { word, edits } = nearest(wrong, ids)
  return edits * 3 <= wrong.length ? ` Did you mean ${word}?` : ''
}

/** `*` stands for any characters. */
export function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`)
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
