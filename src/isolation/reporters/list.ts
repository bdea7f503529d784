import type { Attacker } from '../actor.js'
import type { CheckInfo, Family, Severity } from '../check.js'
import { titleOf } from './wording.js'

export interface ListedCheck {
  readonly id: string
  readonly family: Family
  readonly severity: Severity
  readonly actors: readonly Attacker[]
  readonly event: string | null
  readonly title: string
}

/** The checks as `--list` shows them. */
export function listChecks(checks: readonly CheckInfo[]): ListedCheck[] {
  return checks.map((check) => {
    const { id, family, severity, event, actors = ['bob'] } = check
    const [first = 'bob'] = actors
    // The first attacker stands for all in the sentence.
    return { id, family, severity, actors, event, title: titleOf(check, first) }
  })
}

/** One line a check, in columns. */
export function listText(rows: readonly ListedCheck[]): string {
  const widest = (of: (row: ListedCheck) => string) => Math.max(0, ...rows.map((row) => of(row).length))
  const actorsOf = ({ actors }: ListedCheck) => actors.join(' ')
  const [ids, families, actors] = [widest(({ id }) => id), widest(({ family }) => family), widest(actorsOf)]
  return rows
    .map((row) => {
      const { id, family, severity, title } = row
      return `  ${id.padEnd(ids)}  ${family.padEnd(families)}  ${severity.padEnd(8)}  ${actorsOf(row).padEnd(actors)}  ${title}`
    })
    .join('\n')
}
