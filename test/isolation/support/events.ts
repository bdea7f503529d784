import type { ActorName } from '../../../src/isolation/actor.js'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import type { CheckResult, IsolationEvent, Summary } from '../../../src/isolation/events.js'
import type { Evidence } from '../../../src/isolation/evidence.js'
import type { Verdict } from '../../../src/isolation/verdict.js'

type Finished = Extract<IsolationEvent, { kind: 'finished' }>

export const THREAD = '5331d9f8-6b1c-4a53-9f3e-0a8f3b1f7d11'

export function evidence(over: Partial<Evidence> = {}): Evidence {
  return {
    slot: 'thread.metadata',
    where: 'metadata.secret',
    excerpt: '"isoaaaabbbbccccddddeeeeffff22"',
    actor: 'bob',
    route: 'GET /threads/{id}',
    status: 200,
    curl: `curl 'http://127.0.0.1:2024/threads/${THREAD}' -H "authorization: Bearer $BOB"`,
    ...over,
  }
}

export const leak = (...seen: Partial<Evidence>[]): Verdict => ({
  kind: 'leak',
  evidence: (seen.length > 0 ? seen : [{}]).map(evidence),
})
export const isolated = { kind: 'isolated', note: '404', byRole: false } as const satisfies Verdict
export const open = (reason = 'no answer in time'): Verdict => ({ kind: 'inconclusive', reason })
export const skipped = (reason = 'not offered by this server'): Verdict => ({ kind: 'skipped', reason })

export function result(
  id: string,
  verdict: Verdict,
  { actor = 'bob', ...over }: Partial<CheckResult> & { actor?: ActorName } = {},
): CheckResult {
  const check = CHECKS.find((one) => one.id === id)
  if (!check) throw new Error(`There is no check ${id}.`)
  const requests = [{ route: 'GET /threads/{id}', status: 200, ms: 12, curl: evidence().curl }]
  return { check, actor, verdict, requests, controls: { alice: 'ok', bob: 'ok' }, ...over }
}

/** The events of a run with these results, counted as the runner counts. */
export function eventsOf(results: readonly CheckResult[], over: Partial<Finished> = {}): IsolationEvent[] {
  const summary: Record<keyof Summary, number> = { isolated: 0, leak: 0, accepted: 0, inconclusive: 0, skipped: 0 }
  for (const { verdict, accepted } of results) summary[accepted ? 'accepted' : verdict.kind]++
  return [
    {
      kind: 'started',
      total: results.length,
      run: {
        id: 'isoabcdef',
        seed: 41,
        target: 'http://127.0.0.1:2024',
        startedAt: '2026-11-28T16:15:00.000Z',
        server: 'authkit dev 1.0.0',
        identities: { alice: 'user1', bob: 'user2' },
      },
    },
    ...results.map((one): IsolationEvent => ({ kind: 'checked', result: one })),
    {
      kind: 'finished',
      summary,
      stop: undefined,
      interrupted: false,
      cleanup: { removed: 3, left: [] },
      causes: [],
      ledgers: [],
      requests: 1234,
      ms: 7100,
      exitCode: summary.leak > 0 ? 1 : 0,
      ...over,
    },
  ]
}

/** A leak, a known leak, an open one, a skipped one and isolated ones: everything a report has to show. */
export function mixedEvents(over: Partial<Finished> = {}): IsolationEvent[] {
  return eventsOf(
    [
      result('thread.read', leak({}, { slot: 'thread.state', where: 'values.messages[0].content' })),
      result(
        'thread.delete',
        leak({ slot: 'after-check', where: 'answer', excerpt: "Alice's thread: 404 instead of 200" }),
      ),
      result('thread.search', leak({ route: 'POST /threads/search' }), {
        accepted: { reason: 'The team search is shared until the roles are live.', by: 'Dana', until: '2099-01-31' },
      }),
      result('store.namespaces', open('denied by a crash (500): make it a 401, 403 or 404')),
      result('run.cancel', skipped()),
      result('store.get', isolated),
      result('thread.read', isolated, { actor: 'nobody' }),
    ],
    { notes: ['baseline: store.put (0123456789abcdef) is fixed: remove it'], ...over },
  )
}

/** What a server may put where a report shows it. */
export const HOSTILE = `</pre><script>alert(1)</script> "quoted" 'single' & ]]> <!-- --> \`\`\` | @team \u0000\u001b[31m\u000b \ud800 \ufffe`

/** The mixed run, with hostile text in everything that comes from outside. */
export function hostileEvents(): IsolationEvent[] {
  const seen = { slot: HOSTILE, where: HOSTILE, excerpt: HOSTILE, route: HOSTILE, curl: HOSTILE }
  const events = eventsOf(
    [
      result('thread.read', leak(seen), { subject: HOSTILE }),
      result('thread.search', leak(seen), { accepted: { reason: HOSTILE, by: HOSTILE, until: HOSTILE } }),
      result('store.get', open(HOSTILE)),
      result('run.cancel', skipped(HOSTILE)),
      result('store.put', { ...isolated, note: HOSTILE }),
    ],
    {
      notes: [HOSTILE],
      cleanup: { removed: 0, left: [{ kind: HOSTILE, id: HOSTILE, curl: HOSTILE }] },
      stop: { id: HOSTILE, message: HOSTILE, advice: HOSTILE, evidence: [evidence(seen)] },
    },
  )
  return events.map((event) =>
    event.kind === 'started'
      ? {
          ...event,
          run: { ...event.run, target: HOSTILE, server: HOSTILE, identities: { alice: HOSTILE, bob: HOSTILE } },
        }
      : event,
  )
}
