import type { HandlerKey } from './events.js'
import type { Filter } from './filter.js'

/** The outcome of one event. Absence is not an answer: whoever allows everything has to say why. */
export type Decision =
  | { readonly kind: 'allow-all'; readonly reason: string }
  | { readonly kind: 'only'; readonly filter: Filter; readonly handler: HandlerKey }
  | { readonly kind: 'deny'; readonly reason: string }
