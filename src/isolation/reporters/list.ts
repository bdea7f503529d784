import type { Attacker } from '../actor.js'
import type { CheckInfo, Severity } from '../check.js'
import { titleOf } from './wording.js'

export interface ListedCheck {
  readonly id: string
  readonly severity: Severity
  readonly actors: readonly Attacker[]
  readonly title: string
}

/** The checks as `--list` shows them. */
export function listChecks(checks: readonly CheckInfo[]): ListedCheck[] {
  return checks.map((check) => {
    const actors = check.actors ?? ['bob']
    const [first = 'bob'] = actors
    // The first attacker stands for all in the sentence.
    const title = titleOf(check, first)
    return { id: check.id, severity: check.severity, actors, title }
  })
}
