import type { Finding, Level } from './finding.js'
import { countsOf, exitCodeOf, type Result } from './run-checks.js'

/** What `authkit doctor --json` prints. */
export interface DoctorReport {
  readonly ok: boolean
  readonly summary: Readonly<Record<Level, number>>
  readonly checks: readonly {
    readonly id: string
    readonly title: string
    readonly subject: string
    readonly findings: readonly Finding[]
  }[]
}

export function doctorReport(results: readonly Result[]): DoctorReport {
  return {
    ok: exitCodeOf(results) === 0,
    summary: countsOf(results),
    checks: results.map(({ check: { id, title, subject }, findings }) => ({ id, title, subject, findings })),
  }
}
