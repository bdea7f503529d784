import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Acceptance, CheckResult } from '../events.js'
import { fingerprintOf } from '../events.js'

/** The file that is read when no other is named. */
export const BASELINE_FILE = 'authkit-isolation.json'

const Entry = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/, 'a fingerprint is 16 hex digits'),
  check: z.string().min(1),
  /** Empty until somebody has said why; the entry doesn't count before. */
  reason: z.string(),
  by: z.string().min(1).optional(),
  until: z.iso.date('a day is written as 2026-12-31').optional(),
})
const Entries = z.array(Entry)

/** One leak that the team has looked at, and lives with for a while. */
export type BaselineEntry = z.infer<typeof Entry>

/** Throws `usage`, with the place in the file, for what is no baseline. */
export function parseBaseline(text: string, file: string): BaselineEntry[] {
  const entries = Entries.safeParse(jsonOf(text, file))
  if (entries.success) return entries.data
  throw invalid(file, entries.error)
}

/** The file's text as JSON. Throws `usage`. */
export function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AuthkitError('usage', `${file} is not JSON.`, { cause, hint: HINT })
  }
}

export function invalid(file: string, { issues: [issue] }: z.ZodError): AuthkitError {
  const place = issue && issue.path.length > 0 ? `${file}, at ${issue.path.join('.')}` : file
  return new AuthkitError('usage', `${place}: ${issue?.message ?? 'not valid'}.`, { hint: HINT })
}

const HINT = 'docs/test-isolation.md describes the file.'

/** Why an entry doesn't count, if it doesn't. Its last day counts to the end, in UTC. */
export function invalidity({ reason, until }: BaselineEntry, today: string): string | undefined {
  if (reason.trim() === '') return 'has no reason, so it does not count'
  return until !== undefined && until < today ? `ended on ${until}, so it does not count any more` : undefined
}

export function acceptanceOf({ reason, by, until }: BaselineEntry): Acceptance {
  return { reason, by, until }
}

/** Entries whose check was decided in this run and that match none of its leaks. */
export function fixedEntries(entries: readonly BaselineEntry[], results: readonly CheckResult[]): BaselineEntry[] {
  const leaking = new Set(results.map(fingerprintOf))
  return entries.filter(({ fingerprint, check }) => {
    const own = results.filter((result) => result.check.id === check)
    const decided = own.every(({ verdict }) => verdict.kind === 'isolated' || verdict.kind === 'leak')
    return own.length > 0 && decided && !leaking.has(fingerprint)
  })
}

/**
 * The baseline that accepts every leak of this run. What an earlier one says of them is kept, entries of checks that were
 * not decided too. A new entry has no reason yet: it counts when somebody has written one.
 */
export function updateBaseline(entries: readonly BaselineEntry[], results: readonly CheckResult[]): BaselineEntry[] {
  const fixed = new Set(fixedEntries(entries, results))
  const kept = entries.filter((entry) => !fixed.has(entry))
  const known = new Set(kept.map(({ fingerprint }) => fingerprint))
  const added = new Map<string, BaselineEntry>()
  for (const result of results) {
    const fingerprint = fingerprintOf(result)
    if (fingerprint === undefined || known.has(fingerprint)) continue
    added.set(fingerprint, { fingerprint, check: result.check.id, reason: '' })
  }
  return [...kept, ...added.values()].sort(
    (a, b) => a.check.localeCompare(b.check) || a.fingerprint.localeCompare(b.fingerprint),
  )
}

export function renderBaseline(entries: readonly BaselineEntry[]): string {
  return `${JSON.stringify(entries, null, 2)}\n`
}
