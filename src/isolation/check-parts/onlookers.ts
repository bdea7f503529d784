import type { ActorName } from '../actor.js'
import type { Inspection } from '../check.js'

/** Everybody but Bob who might see what he made: Alice, a caller without a token, Carol where there is one. */
export function onlookers({ stage }: Inspection): ActorName[] {
  return ['alice', 'nobody', ...(stage.owners.includes('carol') ? (['carol'] as const) : [])]
}
