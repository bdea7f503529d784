import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auth as ownerOnlyTemplate } from '../../templates/owner-only.js'
import { ownerOnly, tokensAreNames } from '../support/auth.js'
import { assistantOperations } from './assistants.js'
import { cronOperations } from './crons.js'
import { adopt, type Junk, junk, sendJunk } from './junk.js'
import { expectCount, expectEverything, idsOf, listed } from './lists.js'
import type { Operation } from './operation.js'
import { createPick } from './pick.js'
import { calm, expectRunsEnd, runOperations } from './runs.js'
import { storeOperations } from './store.js'
import { threadOperations } from './threads.js'
import { type Actor, createWorld, Refused, type Rules, sameIds, USERS, type User, type World } from './world.js'

/**
 * Three users and nobody do random things, some at the same moment, against a model of who owns what. The model decides
 * what every answer may hold; nobody is ever shown what is another's, and nothing that anybody sends ends in a 5xx.
 *
 * AUTHKIT_MODEL_RUNS multiplies the number of runs. A failure prints its seed; AUTHKIT_MODEL_SEED repeats it.
 */

const MANY = Number(process.env['AUTHKIT_MODEL_RUNS'] ?? 1)
const SEED = process.env['AUTHKIT_MODEL_SEED']

const withCrons = () =>
  ownerOnly()
    .on('crons', ({ user }) => ({ owner: user.identity }))
    .on('crons:create', ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
      return { owner: user.identity }
    })

const RULES: readonly Rules[] = [
  { name: 'each their own', auth: withCrons, stampsUpdates: false, store: 'by namespace' },
  {
    name: 'the template that init writes',
    // The template as it is, but for who may call: its tokens work in authkit dev alone.
    auth: () => ownerOnlyTemplate.authenticate(tokensAreNames) as never,
    stampsUpdates: true,
    store: 'by namespace',
  },
  {
    name: 'a filter on every event, in a store that all share',
    auth: () =>
      withCrons()
        .on('store', ({ user }) => ({ owner: user.identity }))
        .on('store:put', ({ value, user }) => {
          value.value['owner'] = user.identity
          return { owner: user.identity }
        }),
    stampsUpdates: false,
    store: 'by item',
  },
]

/** Every operation once. */
const OPERATIONS: readonly Operation[] = [
  ...threadOperations,
  ...runOperations,
  ...assistantOperations,
  ...cronOperations,
  ...storeOperations,
]

/** There has to be something before anything can be done with it. */
const OFTEN = OPERATIONS.filter(({ name }) => /^(create|start|put)/.test(name))

interface Deed {
  readonly actor: Actor
  readonly numbers: readonly number[]
  readonly operation: Operation
}

interface Tally {
  times: number
  granted: number
  refused: number
}

/** What ran, to see that nothing was left out. */
const tally = { steps: 0, unauthenticated: 0, did: new Map<string, Tally>(), junk: new Set<number>() }

async function perform(world: World, { actor, numbers, operation }: Deed): Promise<void> {
  const before = { ...world.outcomes }
  try {
    await operation.run(world, actor, createPick(numbers))
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown
    tally.unauthenticated++
  }
  if (world.isTogether()) return
  const { times, granted, refused } = tally.did.get(operation.name) ?? { times: 0, granted: 0, refused: 0 }
  tally.did.set(operation.name, {
    times: times + 1,
    granted: granted + world.outcomes.granted - before.granted,
    refused: refused + world.outcomes.refused - before.refused,
  })
}

/** Compares some of what somebody can see after each step, and all of it at the end. */
async function glance(world: World): Promise<void> {
  await expectCount(world, tally.steps++)
}

type Command = fc.AsyncCommand<object, World>

const told = ({ actor, operation, numbers }: Deed) => `${actor ?? 'nobody'}: ${operation.name} (${numbers.join(' ')})`

function alone(deed: Deed): Command {
  return {
    check: () => true,
    async run(_, world) {
      await perform(world, deed)
      await glance(world)
    },
    toString: () => told(deed),
  }
}

function atOnce(deeds: readonly Deed[]): Command {
  return {
    check: () => true,
    async run(_, world) {
      await world.atOnce(
        async () => {
          const all = await Promise.allSettled(deeds.map((deed) => perform(world, deed)))
          for (const one of all) if (one.status === 'rejected') throw one.reason
        },
        (touched) => reconcile(world, touched, new Set(deeds.flatMap(({ actor }) => actor ?? []))),
      )
      tally.steps += deeds.length - 1
      await glance(world)
    },
    toString: () => `at once [${deeds.map(told).join(', ')}]`,
  }
}

/** After a tangle: what its users did not touch is there as before, and what they touched is as the server says. */
async function reconcile(world: World, touched: ReadonlySet<string>, users: ReadonlySet<User>): Promise<void> {
  for (const user of users) {
    await calm(world, user, touched)
    const now = await listed(world, user)
    for (const [what, rows, key, facts] of [
      ['threads', now.threads, 'thread_id', world.threads],
      ['assistants', now.assistants, 'assistant_id', world.assistants],
      ['crons', now.crons, 'cron_id', world.crons],
    ] as const) {
      const untouched = (ids: readonly string[]) => ids.filter((id) => !touched.has(id))
      const before = idsOf(world.ownedBy<{ id: string; owner: User }>(facts as never, user))
      sameIds(world, `${user}'s ${what}`, untouched(rows.map((row) => String(row[key]))), untouched(before))
    }
    await adopt(world, user, now)
  }
}

function nonsense(actor: Actor, sent: Junk): Command {
  return {
    check: () => true,
    async run(_, world) {
      tally.junk.add(sent.route % world.routes.length)
      try {
        await sendJunk(world, actor, sent)
      } catch (thrown) {
        if (!(thrown instanceof Refused)) throw thrown
        tally.unauthenticated++
      }
      await glance(world)
    },
    toString: () => `${actor ?? 'nobody'}: junk ${JSON.stringify(sent)}`,
  }
}

const actor = fc.oneof({ weight: 12, arbitrary: fc.constantFrom<Actor>(...USERS) }, fc.constant<Actor>(undefined))
// A bias towards a few operations and small numbers would leave the others out.
const deed: fc.Arbitrary<Deed> = fc.noBias(
  fc.record({
    actor,
    numbers: fc.array(fc.nat(999), { minLength: 12, maxLength: 12 }),
    operation: fc.constantFrom(...OPERATIONS, ...OFTEN),
  }),
)
const command = fc.oneof(
  { weight: 6, arbitrary: deed.map(alone) },
  { weight: 1, arbitrary: fc.array(deed, { minLength: 2, maxLength: 5 }).map(atOnce) },
  { weight: 2, arbitrary: fc.tuple(actor, junk).map(([who, sent]) => nonsense(who, sent)) },
)

/** What everybody has to begin with, so that there is something to lose. */
async function settle(world: World, user: User): Promise<void> {
  const plain = createPick([0])
  for (const { name, run } of OPERATIONS) if (/^(create an? |start a run )/.test(name)) await run(world, user, plain)
}

async function live(rules: Rules, commands: Iterable<Command>): Promise<void> {
  const world = await createWorld(rules)
  try {
    for (const user of USERS) await settle(world, user)
    await fc.asyncModelRun(() => ({ model: {}, real: world }), commands)
    await expectRunsEnd(world)
    for (const user of USERS) await expectEverything(world, user)
  } finally {
    await world.close()
  }
}

describe.each(RULES)('under $name', (rules) => {
  it('nobody is shown what is not theirs', { timeout: 120_000 * MANY }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands([command], { maxCommands: 150, size: 'max' }), (commands) => live(rules, commands)),
      {
        numRuns: 12 * MANY,
        interruptAfterTimeLimit: 90_000 * MANY,
        ...(SEED ? { seed: Number(SEED) } : {}),
      },
    )
  })
})

describe('the model', () => {
  const about = OPERATIONS.map(({ name, routes }): [string, boolean] => [
    name,
    routes.some((route) => route.includes('{')),
  ])

  it.each(about)('tried to %s, as its owner and as somebody else', (name, one) => {
    const { times, granted, refused } = tally.did.get(name) ?? { times: 0, granted: 0, refused: 0 }
    expect(times).toBeGreaterThan(0)
    if (one) expect([granted, refused]).toEqual([expect.toSatisfy((n) => n > 0), expect.toSatisfy((n) => n > 0)])
  })

  it('took thousands of steps, some without a token, and sent junk to every route', () => {
    expect(tally.steps).toBeGreaterThan(2000)
    expect(tally.unauthenticated).toBeGreaterThan(50)
    expect(tally.junk.size).toBeGreaterThan(55)
  })
})
