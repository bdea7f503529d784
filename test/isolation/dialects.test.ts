import { describe, expect, it } from 'vitest'
import {
  aegra,
  type Dialect,
  fastapi,
  idempotent,
  langgraphjs,
  nulls,
  platform,
  rewriting,
  upserting,
} from './support/dialects.js'
import { NOT_OFFERED } from './support/not-offered.js'
import { play } from './support/play.js'

describe('an honest server that speaks another dialect', () => {
  it.each<[string, () => Dialect]>([
    ['refuses in text and streams, like langgraphjs', langgraphjs],
    ['lists nothing and moves the store, like Aegra', aegra],
    ['refuses with 403, like LangGraph Platform', platform],
    ['puts every namespace under its user', rewriting],
    ['reads what it refuses as null', nulls],
    ['repeats in its errors what was sent', fastapi],
    ['answers every delete with 204', idempotent],
    ['makes a thread of what it patches', upserting],
  ])('%s: no alarm, and nothing undecided', { timeout: 120_000 }, async (_, dialect) => {
    const { skips, opens, ...world } = dialect()
    const { events, remaining } = await play(world)
    const results = events.flatMap((event) => (event.kind === 'checked' ? [event.result] : []))
    const said = (kind: string) =>
      results.flatMap(({ check, actor, verdict }) =>
        verdict.kind === kind ? [{ check: `${check.id}@${actor}`, ...verdict }] : [],
      )
    expect(said('leak')).toEqual([])
    expect(said('inconclusive').filter(({ check }) => !opens?.test(check))).toEqual([])
    // A list of exceptions that is longer than it has to be hides what comes next.
    expect(said('inconclusive').length > 0).toBe(opens !== undefined)
    // What the server itself lacks, and what the dialect has not either; and that really is skipped.
    const offered = said('skipped').filter(
      ({ check }) => !skips?.test(check.split('@')[0] ?? '') && !NOT_OFFERED.test(check),
    )
    expect(offered).toEqual([])
    const lacking = results.filter(({ check }) => skips?.test(check.id))
    expect(lacking.filter(({ verdict }) => verdict.kind !== 'skipped')).toEqual([])
    expect(remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })
})
