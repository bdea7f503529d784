import { CHECKS } from '../../../src/isolation/checks/index.js'
import type { IsolationEvent } from '../../../src/isolation/events.js'
import { runSuite, type SuiteOptions } from '../../../src/isolation/runner.js'
import { startWorld, type World, type WorldOptions } from './world.js'

export const TOKENS = { alice: 'user1-token', bob: 'user2-token' } as const

export interface Played {
  readonly events: readonly IsolationEvent[]
  readonly finished: Extract<IsolationEvent, { kind: 'finished' }>
  /** `id@actor` to the word of the verdict. */
  readonly verdicts: ReadonlyMap<string, string>
  readonly seen: World['seen']
  readonly remaining: Awaited<ReturnType<World['remaining']>>
}

/** Plays the suite once against the real server behind an overlay, and stops that server. */
export async function play(world: WorldOptions = {}, options: Partial<SuiteOptions> = {}): Promise<Played> {
  const server = await startWorld(world)
  try {
    const events: IsolationEvent[] = []
    const suite = runSuite({ target: server.url, tokens: TOKENS, checks: CHECKS, seed: 7, ...options })
    for await (const event of suite) events.push(event)
    const finished = events.at(-1)
    if (finished?.kind !== 'finished') throw new Error('The last event is not "finished".')
    const verdicts = new Map(
      events.flatMap((event) =>
        event.kind === 'checked' ? [[`${event.result.check.id}@${event.result.actor}`, event.result.verdict.kind]] : [],
      ),
    )
    return { events, finished, verdicts, seen: server.seen, remaining: await server.remaining() }
  } finally {
    await server.close()
  }
}

/** The ids of the checks that found a leak. */
export function leaking({ verdicts }: Pick<Played, 'verdicts'>): string[] {
  const keys = [...verdicts].flatMap(([key, verdict]) => (verdict === 'leak' ? [key.split('@')[0] ?? ''] : []))
  return [...new Set(keys)].sort()
}
