import { CHECKS } from '../../../src/isolation/checks/index.js'
import type { IsolationEvent } from '../../../src/isolation/events.js'
import { runSuite, type SuiteOptions } from '../../../src/isolation/runner.js'
import { type FakeOptions, type FakeServer, startFakeServer } from './fake-server.js'

export const TOKENS = { alice: 'user1-token', bob: 'user2-token' } as const

export interface Played {
  readonly events: readonly IsolationEvent[]
  readonly finished: Extract<IsolationEvent, { kind: 'finished' }>
  /** `id@actor` to the word of the verdict. */
  readonly verdicts: ReadonlyMap<string, string>
  readonly server: FakeServer
}

/** Plays the suite once against a fake server, and stops that server. */
export async function play(world: FakeOptions = {}, options: Partial<SuiteOptions> = {}): Promise<Played> {
  const server = await startFakeServer(world)
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
    return { events, finished, verdicts, server }
  } finally {
    await server.close()
  }
}

/** The ids of the checks that found a leak. */
export function leaking({ verdicts }: Played): string[] {
  const keys = [...verdicts].flatMap(([key, verdict]) => (verdict === 'leak' ? [key.split('@')[0] ?? ''] : []))
  return [...new Set(keys)].sort()
}
