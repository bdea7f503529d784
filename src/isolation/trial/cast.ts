import { type Attacker, type Owner, WHO } from '../actor.js'
import type { Check } from '../check.js'
import { type Belongings, type Need, PlantFailure, plant } from '../fixtures.js'
import { unsupported } from '../offers.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'

/** Objects that checks without effects share; planted before the first of them. */
export type Shared = Readonly<Partial<Record<Owner, Belongings | PlantFailure>>>

/** Who attacks, of those who are there: without a third token there is no Carol. */
export function attackersOf({ actors = ['bob'] }: Check, owners: readonly Owner[]): Attacker[] {
  return actors.filter((actor) => actor !== 'carol' || owners.includes('carol'))
}

/** What has to be planted so that the shared checks of a selection can run. */
export function sharedNeeds(checks: readonly Check[]): Need[] {
  return [
    ...new Set(checks.filter(({ mutates }) => !mutates).flatMap((check) => [...needsOf(check), ...wantsOf(check)])),
  ]
}

export function needsOf({ needs = [], own = [] }: Check): Need[] {
  return [...needs, ...own].filter((need) => need !== 'identity')
}

function wantsOf({ wants = [] }: Check): readonly Need[] {
  return wants
}

export interface Part {
  readonly actor: Attacker
  readonly target: Belongings
  readonly own: Belongings | undefined
}

export interface Cast {
  readonly attacks: readonly Part[]
  readonly alice: Belongings
  readonly bob: Belongings | undefined
}

export async function castFor(
  check: Check,
  actors: readonly Attacker[],
  stage: Stage,
  shared: (need: Need) => Promise<Shared>,
): Promise<Cast> {
  const all = needsOf(check)
  if (!check.mutates) {
    // Each kind was planted by itself, so that a server without a store still has its threads tested.
    const wanted = wantsOf(check)
    const planted = await Promise.all([...all, ...wanted].map(async (need) => [need, await shared(need)] as const))
    const there = ([need, each]: (typeof planted)[number]) =>
      !wanted.includes(need) || Object.values(each).every((one) => !(one instanceof PlantFailure))
    const of = (owner: Owner) =>
      combine(
        owner,
        planted.filter(there).map(([need, each]) => [need, unwrap(each[owner])] as const),
      )
    const alice = of('alice')
    const bob = of('bob')
    const mine = (actor: Attacker) => (actor === 'carol' ? of('carol') : actor === 'bob' ? bob : undefined)
    return { alice, bob, attacks: actors.map((actor) => ({ actor, target: alice, own: mine(actor) })) }
  }
  const needs = all.filter((need) => check.needs?.includes(need))
  const own = all.filter((need) => check.own?.includes(need))
  const wanted = wantsOf(check)
  const [alice, bob, attacks] = await Promise.all([
    plantAll(stage, 'alice', all, wanted, check.id),
    actors.includes('bob') ? plantAll(stage, 'bob', all, wanted, check.id) : undefined,
    Promise.all(
      actors.map(async (actor): Promise<Part> => {
        const [target, mine] = await Promise.all([
          plantAll(stage, 'alice', needs, wanted, check.id),
          actor === 'bob' || actor === 'carol' ? plant(stage, actor, own, check.id) : undefined,
        ])
        return { actor, target, own: mine }
      }),
    ),
  ])
  return { alice, bob, attacks }
}

/** What must be there, and what may be missing. */
async function plantAll(
  stage: Stage,
  owner: Owner,
  needs: readonly Need[],
  wanted: readonly Need[],
  check: string,
): Promise<Belongings> {
  if (wanted.length === 0) return plant(stage, owner, needs, check)
  const parts = await Promise.all([
    ...needs.map(async (need) => [need, await plant(stage, owner, [need], check)] as const),
    ...wanted.map(async (need) => {
      const planted = await plant(stage, owner, [need], check).catch((error: unknown) => {
        if (error instanceof PlantFailure) return undefined
        throw error
      })
      return planted && ([need, planted] as const)
    }),
  ])
  return combine(
    owner,
    parts.filter((part) => part !== undefined),
  )
}

function unwrap(planted: Belongings | PlantFailure | undefined): Belongings {
  if (!planted) throw new Error('Nothing was planted for this user.')
  if (planted instanceof PlantFailure) throw planted
  return planted
}

function combine(owner: Owner, parts: readonly (readonly [Need, Belongings])[]): Belongings {
  const of = (...kinds: Need[]): Belongings => {
    const found = parts.find(([need]) => kinds.includes(need))
    if (!found) throw new Error(`No ${kinds[0]} was planted: add it to the needs of the check.`)
    return found[1]
  }
  return {
    owner,
    get thread() {
      return of('run', 'played', 'pending', 'thread').thread
    },
    get run() {
      return of('run', 'played', 'pending').run
    },
    get live() {
      return of('live').live
    },
    get bare() {
      return of('bare').bare
    },
    get assistant() {
      return of('assistant').assistant
    },
    get cron() {
      return of('cron').cron
    },
    get item() {
      return of('item').item
    },
    has: (kind) => parts.some(([, planted]) => planted.has(kind)),
  }
}

export function plantVerdict(stage: Stage, { what, exchange }: PlantFailure): Verdict {
  const { status, actor } = exchange
  const who = WHO[actor]
  if (unsupported(stage, exchange)) {
    return { kind: 'skipped', reason: `${what}: not offered by this server (${status})` }
  }
  if (status === 403) return { kind: 'skipped', reason: `${who} may not create ${what} here (403)` }
  return { kind: 'inconclusive', reason: `${who} could not create ${what} (${status || 'no answer'})` }
}
