import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import { type Call, type ClientFor, type Exchange, play } from './call.js'
import { normal, plain } from './normal.js'

/** What came of a row on one server, in a form that can be held against another's. */
export interface Outcome {
  readonly answer: unknown
  readonly exchanges: readonly Exchange[]
}

/** Peers read the types of a graph from its source, one after another, and give up when that takes long. */
const SLOW = /^assistants\.get(Schemas|Subgraphs)/
const LANES = 4

/** Plays all rows on one server, each as its own user: the same user on every server. */
export async function outcomesOf(
  rows: readonly Call[],
  clientFor: ClientFor,
  graphIds: readonly string[],
): Promise<Map<string, Outcome>> {
  const constant = new Map(graphIds.map((id) => [systemAssistantId(id), `<assistant ${id}>`]))
  const outcomes = new Map<string, Outcome>()
  const waiting = rows.map((row, index) => ({ row, user: `un${index}` }))

  async function one({ row, user }: (typeof waiting)[number]): Promise<void> {
    const { answer, exchanges } = await play(row, clientFor, user).catch((error: Error) => ({
      answer: { unarranged: error.message },
      exchanges: [],
    }))
    outcomes.set(row.name, { answer: normal(answer, constant), exchanges: plain(exchanges) })
  }
  async function lane(entries: typeof waiting): Promise<void> {
    for (let next = entries.shift(); next; next = entries.shift()) await one(next)
  }

  await lane(waiting.filter(({ row }) => SLOW.test(row.name)))
  const others = waiting.filter(({ row }) => !SLOW.test(row.name))
  await Promise.all(Array.from({ length: LANES }, () => lane(others)))
  return outcomes
}
