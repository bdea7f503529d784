import type { ActorName } from '../actor.js'
import { OPERATIONS, type Operation, RESOURCES, type Resource } from '../check.js'
import type { CheckResult } from '../events.js'
import type { Word } from './wording.js'

/** Who attacked what, and how it went: a cell says the worst of its checks. */
export interface Matrix {
  readonly columns: readonly Operation[]
  readonly rows: readonly MatrixRow[]
}

export interface MatrixRow {
  readonly resource: Resource
  readonly actor: ActorName
  /** One a column; nothing where no check looks. */
  readonly cells: readonly (Word | undefined)[]
  /** Why nothing of this row was tried, where that has one reason. */
  readonly note?: string
}

const ACTORS: readonly ActorName[] = ['bob', 'carol', 'alice', 'nobody', 'junk']
const WORST_FIRST: readonly Word[] = ['leak', 'inconclusive', 'accepted', 'isolated', 'skipped']

export function matrixOf(results: readonly CheckResult[]): Matrix {
  const columns = OPERATIONS.filter((operation) => results.some(({ check }) => check.operation === operation))
  const rows = RESOURCES.flatMap((resource) =>
    ACTORS.flatMap((actor): MatrixRow[] => {
      const own = results.filter((result) => result.check.resource === resource && result.actor === actor)
      if (own.length === 0) return []
      const cells = columns.map((operation) => worstOf(own.filter(({ check }) => check.operation === operation)))
      const note = onlyReason(own)
      return [{ resource, actor, cells, ...(note === undefined ? {} : { note }) }]
    }),
  )
  return { columns, rows }
}

function worstOf(results: readonly CheckResult[]): Word | undefined {
  const words = results.map(({ verdict, accepted }): Word => (accepted ? 'accepted' : verdict.kind))
  return WORST_FIRST.find((word) => words.includes(word))
}

function onlyReason(results: readonly CheckResult[]): string | undefined {
  const reasons = new Set(results.map(({ verdict }) => (verdict.kind === 'skipped' ? verdict.reason : undefined)))
  const [reason] = reasons
  return reasons.size === 1 ? reason : undefined
}
