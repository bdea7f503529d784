import { describe, expect, it } from 'vitest'
import { runBothWays } from '../../src/isolation/both.js'
import { CHECKS } from '../../src/isolation/checks/index.js'
import type { IsolationEvent } from '../../src/isolation/events.js'
import { deputy } from './support/mutant.js'
import { play, TOKENS } from './support/play.js'
import { type Overlay, startWorld } from './support/world.js'

const some = (...ids: string[]) => CHECKS.filter(({ id }) => ids.includes(id))

async function bothWays(overlay: Overlay | undefined, checks = some('thread.read', 'store.get')) {
  const world = await startWorld(overlay ? { overlay } : {})
  const events: IsolationEvent[] = []
  try {
    for await (const event of runBothWays({ target: world.url, tokens: TOKENS, checks })) events.push(event)
    expect(await world.remaining()).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
    return events
  } finally {
    await world.close()
  }
}

const resultsOf = (events: readonly IsolationEvent[]) =>
  events.flatMap((event) => (event.kind === 'checked' ? [event.result] : []))

describe('both ways', () => {
  it('plays everything again with Alice and Bob exchanged', async () => {
    const events = await bothWays(undefined)
    const keys = resultsOf(events).map(({ check, actor }) => `${check.id}@${actor}`)
    expect(keys.toSorted()).toEqual(
      ['alice', 'bob', 'nobody', 'nobody']
        .flatMap((actor) => [`store.get@${actor}`, `thread.read@${actor}`])
        .toSorted(),
    )
    const [started] = events
    expect(started).toMatchObject({ kind: 'started', total: keys.length })
    expect(events.at(-1)).toMatchObject({ kind: 'finished', summary: { isolated: keys.length }, exitCode: 0 })
  })

  it('finds the hole that only Alice can use, and names her', async () => {
    // Alice is an administrator: what she is refused, she gets all the same.
    const admin: Overlay = async (call, next) => {
      const answer = await next(call)
      return call.user === 'user1' && answer.status === 404 && call.path.startsWith('/threads/')
        ? next(call.as('user2'))
        : answer
    }
    const events = await bothWays(admin)
    const leaks = resultsOf(events).filter(({ verdict }) => verdict.kind === 'leak')
    expect(leaks.map(({ check, actor }) => `${check.id}@${actor}`)).toEqual(['thread.read@alice'])
    const [leak] = leaks
    expect(leak?.check.failure).toContain("Bob's thread")
    expect(leak?.verdict.kind === 'leak' && leak.verdict.evidence[0]?.curl).toContain('$ALICE')
    expect(events.at(-1)).toMatchObject({ kind: 'finished', exitCode: 1 })
  })
})

describe('bounds', () => {
  it('ends when the time is over, with the rest inconclusive', async () => {
    const slow: Overlay = async (call, next) => {
      await new Promise((resolve) => setTimeout(resolve, 25))
      return next(call)
    }
    const { verdicts, finished, remaining } = await play({ overlay: slow }, { maxTimeMs: 600 })
    expect(finished.exitCode).toBe(3)
    expect(finished.interrupted).toBe(false)
    expect([...verdicts.values()]).toContain('inconclusive')
    expect(verdicts.size).toBeGreaterThan(100)
    expect(remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })

  it('sends no more requests a second than asked', async () => {
    const times: number[] = []
    const clock: Overlay = (call, next) => {
      times.push(performance.now())
      return next(call)
    }
    await play({ overlay: clock }, { perSecond: 200, checks: some('thread.read') })
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
    expect(times.length).toBeGreaterThan(20)
    expect(times.length / seconds).toBeLessThan(240)
  })

  it('keeps to it on connections that users share, too', async () => {
    const times: number[] = []
    const clock: Overlay = (call, next) => {
      times.push(performance.now())
      return next(call)
    }
    await play({ overlay: clock }, { perSecond: 200, checks: some('concurrency.keep-alive') })
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
    expect(times.length).toBeGreaterThan(200)
    expect(times.length / seconds).toBeLessThan(240)
  })

  it('goes easy on a server that says 429, and its verdicts stay right', async () => {
    let inFlight = 0
    let most = 0
    let refused = 0
    const limited: Overlay = async (call, next) => {
      inFlight++
      most = Math.max(most, refused > 3 ? inFlight : 0)
      try {
        if (inFlight > 6) {
          refused++
          return new Response('slow down', { status: 429, headers: { 'retry-after': '0' } })
        }
        await new Promise((resolve) => setTimeout(resolve, 3))
        return await next(call)
      } finally {
        inFlight--
      }
    }
    const checks = CHECKS.filter(({ id }) => /^(thread|assistant)\./.test(id))
    const { verdicts } = await play({ overlay: limited }, { checks, concurrency: 16 })
    expect(refused).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(8)
    expect([...new Set(verdicts.values())]).toEqual(['isolated'])
  })
})

describe('Carol', () => {
  it('attacks only where there is one', async () => {
    const thread = some('thread.read').map((check) => ({ ...check, actors: ['bob', 'carol'] as const }))
    const overlay = deputy('GET /threads/:id', 'user3')
    const without = await play({ overlay }, { checks: thread })
    expect([...without.verdicts]).toEqual([['thread.read@bob', 'isolated']])
    const tokens = { ...TOKENS, carol: 'user3-token' }
    const withHer = await play({ overlay }, { checks: thread, tokens })
    expect(withHer.verdicts.get('thread.read@carol')).toBe('leak')
    expect(withHer.verdicts.get('thread.read@bob')).toBe('isolated')
    expect(withHer.remaining.threads).toBe(0)
  })
})
