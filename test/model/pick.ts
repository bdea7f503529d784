import type { Actor, User, World } from './world.js'

/** Choices that a list of numbers decides, so that a run can be repeated and made smaller. */
export interface Pick {
  below(bound: number): number
  one<T>(options: readonly [T, ...T[]]): T
  /** True once in so many times. */
  chance(oneIn: number): boolean
  some<T>(options: readonly T[], most: number): T[]
}

export function createPick(numbers: readonly number[]): Pick {
  let next = 0
  const below = (bound: number) => (numbers[next++ % numbers.length] as number) % bound
  return {
    below,
    one: (options) => options[below(options.length)] as (typeof options)[number],
    // 0 is what a smaller run has most of, and it should mean the plain case.
    chance: (oneIn) => below(oneIn) === oneIn - 1,
    some: (options, most) =>
      options.length === 0
        ? []
        : Array.from({ length: 1 + below(most) }, () => options[below(options.length)] as never),
  }
}

interface Fact {
  readonly id: string
  readonly owner: User
}

/** Something of the caller's, of somebody else's, or an id of nothing. `own` is undefined where it is not the caller's. */
export function someOf<T extends Fact>(
  facts: ReadonlyMap<string, T>,
  actor: Actor,
  pick: Pick,
): { readonly id: string; readonly own: T | undefined } {
  const kind = pick.one(['own', 'own', 'own', 'others', 'others', 'nothing'])
  const number = pick.below(1000)
  const among = [...facts.values()].filter(({ owner }) => (owner === actor) === (kind === 'own'))
  const fact = kind === 'nothing' ? undefined : among[number % Math.max(among.length, 1)]
  return { id: fact?.id ?? crypto.randomUUID(), own: fact?.owner === actor ? fact : undefined }
}

export const TAGS = ['red', 'green', 'blue'] as const

/** Metadata of something that a user makes or changes; sometimes it claims to be another's. */
export function metadataOf(world: World, user: User, pick: Pick, claims: boolean): Record<string, unknown> {
  const claimed = claims && pick.chance(3) ? { owner: pick.one(['alice', 'bob', 'carol', 'system', '']) } : {}
  return { tag: pick.one(TAGS), marker: world.markers[user], ...claimed }
}

/** An id for something new: nobody's yet, or where nothing else goes on, one that somebody has or had. */
export function newId(world: World, pick: Pick): string | undefined {
  const known = [...world.owners.keys()]
  if (known.length > 0 && !world.isTogether() && pick.chance(4)) return known[pick.below(known.length)]
  return pick.chance(3) ? crypto.randomUUID() : undefined
}
