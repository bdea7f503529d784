import { type ActorName, WHO } from '../actor.js'
import type { CheckInfo } from '../check.js'
import type { Verdict } from '../verdict.js'

/** What holds, in one sentence. */
export function titleOf({ title }: CheckInfo, actor: ActorName): string {
  return title.replaceAll('{who}', WHO[actor])
}

/** What happened, in one sentence. */
export function failureOf({ failure }: CheckInfo, actor: ActorName): string {
  return failure.replaceAll('{who}', WHO[actor])
}

/** How the server refused, or why nothing was decided. */
export function reasonOf(verdict: Verdict): string | null {
  if (verdict.kind === 'leak') return null
  if (verdict.kind === 'isolated') return verdict.byRole ? `${verdict.note}, by role` : verdict.note
  return verdict.reason
}
