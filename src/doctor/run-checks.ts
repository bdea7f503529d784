import { setTimeout as after } from 'node:timers/promises'
import { printable } from '../cli/printable.js'
import { withoutCredentials } from '../cli/redact.js'
import type { Check } from './check.js'
import { type Finding, LEVELS, type Level, undecided } from './finding.js'
import type { Setup } from './setup.js'

/** What a check found, the worst first. */
export interface Result {
  readonly check: Check
  readonly findings: readonly Finding[]
}

export interface RunOptions {
  /** How long a check may take, in milliseconds. */
  readonly timeoutMs: number
}

/**
 * Looks at everything at once. A check that fails or takes too long is undecided; the others go on.
 *
 * @returns In the order of the checks. Messages are one line each, and what looks like a credential is not in them.
 */
export async function runChecks(
  checks: readonly Check[],
  setup: Setup,
  { timeoutMs }: RunOptions,
): Promise<readonly Result[]> {
  return await Promise.all(
    checks.map(async (check) => ({
      check,
      findings: (await look(check, setup, timeoutMs)).map(harmless).sort(byLevel),
    })),
  )
}

/** Exit code of a run: 1 where something is wrong, 3 where something could not be looked at, 0 otherwise. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 | 3 {
  const levels = results.flatMap(({ findings }) => findings.map(({ level }) => level))
  if (levels.includes('wrong')) return 1
  return levels.includes('undecided') ? 3 : 0
}

async function look(check: Check, setup: Setup, timeoutMs: number): Promise<readonly Finding[]> {
  const controller = new AbortController()
  const tooLong = after(timeoutMs, undefined, { signal: controller.signal }).then(() => {
    return [undecided(`It took longer than ${timeoutMs / 1000} s.`, 'Run it again with a larger --timeout.')]
  })
  tooLong.catch(() => undefined)
  try {
    return await Promise.race([check.look(setup).then((found) => [found].flat()), tooLong])
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [undecided(`It could not be looked at: ${message}`, 'This is a bug in authkit; please report it.')]
  } finally {
    controller.abort()
  }
}

/** Providers, files and errors say what they like: it stays on its line, and no secret is in it. */
function harmless(finding: Finding): Finding {
  const shown = (text: string) => printable(withoutCredentials(text))
  if (!('fix' in finding)) return { ...finding, message: shown(finding.message) }
  return { ...finding, message: shown(finding.message), fix: shown(finding.fix) }
}

function byLevel(one: Finding, other: Finding): number {
  return LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level)
}

/** How many findings there are of each level. */
export function countsOf(results: readonly Result[]): Readonly<Record<Level, number>> {
  const counts = Object.fromEntries(LEVELS.map((level) => [level, 0])) as Record<Level, number>
  for (const { findings } of results) for (const { level } of findings) counts[level]++
  return counts
}
