import type { Pick } from './pick.js'
import type { Actor, World } from './world.js'

/** Something that a user may try, with what has to come of it. */
export interface Operation {
  readonly name: string
  /** The routes it cannot do without. */
  readonly routes: readonly string[]
  /**
   * Tries it, holds the answer against the model, and tells the model what changed. Without a token the first request
   * throws `Refused`.
   */
  readonly run: (world: World, actor: Actor, pick: Pick) => Promise<void>
}
