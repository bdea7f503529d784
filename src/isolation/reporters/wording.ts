import { type ActorName, WHO } from '../actor.js'
import type { Check } from '../check.js'
import type { Verdict } from '../verdict.js'

/** What holds, in one sentence. */
export function titleOf({ title }: Check, actor: ActorName): string {
  return title.replaceAll('{who}', WHO[actor])
}

/** What happened, in one sentence. */
export function failureOf({ failure }: Check, actor: ActorName): string {
  return failure.replaceAll('{who}', WHO[actor])
}

/** How the server refused, or why nothing was decided. */
export function reasonOf(verdict: Verdict): string | null {
  if (verdict.kind === 'leak') return null
  if (verdict.kind === 'isolated') {
    return [verdict.note, ...(verdict.byRole ? ['by role'] : []), ...(verdict.remarks ?? [])].join(', ')
  }
  return verdict.reason
}
