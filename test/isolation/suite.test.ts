import { describe, expect, it } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { LedgerViolation } from '../../src/isolation/ledger/ledger.js'
import { FILE_REPORTS } from '../../src/isolation/outputs.js'
import { del } from '../../src/isolation/probe.js'
import { jsonReport } from '../../src/isolation/reporters/json.js'
import { ndjsonLine } from '../../src/isolation/reporters/ndjson.js'
import { textReporter } from '../../src/isolation/reporters/text.js'
import { runSuite } from '../../src/isolation/runner.js'
import { deputy } from './support/mutant.js'
import { leaking, play, TOKENS } from './support/play.js'
import { type Overlay, startWorld, type WorldOptions } from './support/world.js'
import {
  echoing,
  lockedOut,
  noRules,
  oneUser,
  open,
  roleless,
  strangers,
  undeletable,
  unstamped,
} from './support/worlds.js'

/** Who searches the store without a prefix searches Alice's. */
const emptyPrefix: Overlay = (call, next) => {
  const unscoped = call.user && call.path === '/store/items/search' && call.json.namespace_prefix?.length === 0
  return next(unscoped ? call.as('user1').but({ json: { ...call.json, namespace_prefix: ['user1'] } }) : call)
}

const some = (...ids: string[]) => CHECKS.filter(({ id }) => ids.includes(id))

describe('before the first check', () => {
  it.each<[string, WorldOptions, string, number]>([
    ['a server that looks at no token', open, 'boundary.no-token', 1],
    ['a token of Alice that is refused', lockedOut('user1'), 'control.alice', 3],
    ['a token of Bob that is refused', lockedOut('user2'), 'control.bob', 3],
    ['two tokens of one user', oneUser, 'control.distinct', 3],
    ['owners that are filtered and never stamped', unstamped(), 'control.owner', 3],
  ])('%s is one finding', async (_, world, id, exitCode) => {
    const { finished, verdicts } = await play(world, { keep: true })
    expect(finished.stop?.id).toBe(id)
    expect(finished.exitCode).toBe(exitCode)
    expect(verdicts.size).toBe(0)
  })

  it('a server that does not answer is exit code 3', async () => {
    const server = await startWorld()
    await server.close()
    const events = []
    for await (const event of runSuite({ target: server.url, tokens: TOKENS, checks: CHECKS })) events.push(event)
    expect(events.at(-1)).toMatchObject({ kind: 'finished', exitCode: 3, stop: { id: 'control.reachable' } })
  })

  it('a host that does not exist is an error of its own', async () => {
    const suite = runSuite({ target: new URL('http://no-such-host.invalid'), tokens: TOKENS, checks: CHECKS })
    await expect(suite.next()).rejects.toMatchObject({ code: 'target_unreachable' })
  })
})

describe('while it runs', () => {
  it('leaves everything with keep, and is repeatable by its seed', async () => {
    const checks = some('thread.read', 'thread.delete', 'store.get', 'run.join')
    const first = await play({}, { checks, seed: 5, keep: true, concurrency: 1 })
    expect(first.remaining.threads).toBeGreaterThan(0)
    expect(first.finished.cleanup).toBeUndefined()
    const second = await play({}, { checks, seed: 5, concurrency: 1 })
    expect([...second.verdicts.keys()]).toEqual([...first.verdicts.keys()])
    expect(second.events[0]).toMatchObject({ kind: 'started', run: { seed: 5 }, total: second.verdicts.size })
  })

  it('cleans up after an interruption', async () => {
    const server = await startWorld()
    const interruption = new AbortController()
    const events = []
    try {
      const suite = runSuite({ target: server.url, tokens: TOKENS, checks: CHECKS, signal: interruption.signal })
      for await (const event of suite) {
        events.push(event)
        if (event.kind === 'checked') interruption.abort()
      }
      expect(events.at(-1)).toMatchObject({ kind: 'finished', interrupted: true, exitCode: 3 })
      expect(await server.remaining()).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
    } finally {
      await server.close()
    }
  })

  it('lists what it could not remove, each with the line that removes it', async () => {
    const { finished, remaining, events } = await play(undeletable, { checks: some('thread.read') })
    const left = finished.cleanup?.left ?? []
    expect(left).toHaveLength(remaining.threads)
    expect(left.length).toBeGreaterThan(0)
    expect(left[0]?.curl).toMatch(/^curl -X DELETE '.*\/threads\/.*' -H "authorization: Bearer \$(ALICE|BOB)"$/)
    const reporter = textReporter({ colours: createStyle(false), verbose: false })
    expect(events.map(reporter).join('')).toContain(`${left.length} objects could not be removed:`)
  })

  it('cleans up and stops when a check reaches for what the run did not make', async () => {
    const [thread] = some('thread.delete')
    if (!thread) throw new Error('thread.delete is gone')
    const reckless = { ...thread, requests: () => [del('/threads/33333333-3333-4333-8333-333333333333')] }
    const server = await startWorld()
    try {
      const run = async () => {
        for await (const _ of runSuite({ target: server.url, tokens: TOKENS, checks: [reckless] }));
      }
      await expect(run()).rejects.toBeInstanceOf(LedgerViolation)
      expect(server.seen.some(({ path }) => path.includes('33333333'))).toBe(false)
      expect(await server.remaining()).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
    } finally {
      await server.close()
    }
  })

  it('says "by role" when Bob may not do it to his own either', async () => {
    const { events } = await play(roleless, { checks: some('thread.copy') })
    const results = events.flatMap((event) =>
      event.kind === 'checked' && event.result.actor === 'bob' ? [event.result] : [],
    )
    expect(results[0]?.verdict).toMatchObject({ kind: 'isolated', byRole: true })
  })

  it('sends every request as the actor it belongs to', async () => {
    const { seen } = await play({}, { checks: some('thread.read', 'boundary.near-miss') })
    const headers = new Set(seen.map(({ headers }) => headers.get('authorization')))
    expect(headers).toContain('Bearer user1-token')
    expect(headers).toContain('Bearer user2-token')
    expect(headers).toContain(null)
    expect(headers).toContain('Bearer user1-toke')
    expect(headers).toContain('Bearer user1-tokenx')
    expect(headers).toContain('Bearer USER1-TOKEN')
  })
})

describe('what is reported', () => {
  const plain = createStyle(false)
  const render = (events: Awaited<ReturnType<typeof play>>['events'], verbose: boolean) => {
    const reporter = textReporter({ colours: plain, verbose })
    return events.map(reporter).join('')
  }
  const document = (events: Awaited<ReturnType<typeof play>>['events']) => jsonReport(events, { version: '0.0.0' })

  it('never holds a token, even when the server sends them back', async () => {
    const played = await play({ ...noRules(), overlay: echoing() })
    expect(leaking(played).length).toBeGreaterThan(20)
    const options = { version: '0.0.0', authFile: 'auth.ts', openIsError: true }
    const all = [
      render(played.events, true),
      JSON.stringify(document(played.events)),
      ...played.events.map(ndjsonLine),
      ...Object.values(FILE_REPORTS).map((report) => report(played.events, options)),
      JSON.stringify(played.events),
    ].join('\n')
    for (const secret of [
      'user1-token',
      'user2-token',
      'USER1-TOKEN',
      'user1-toke',
      'nekot-1resu',
      Buffer.from('user1-token').toString('base64'),
    ]) {
      expect(all).not.toContain(secret)
    }
    const invented = played.seen.flatMap(
      ({ headers }) => headers.get('authorization')?.match(/[a-z]{4}\d-[a-z]{5}$/) ?? [],
    )
    expect(invented).toContain('user1-token')
    for (const secret of invented) expect(all).not.toContain(secret)
    expect(all).toContain('$BOB')
  })

  it('does not hold the token when it is the refusal that stops the suite', async () => {
    const { events } = await play({ overlay: echoing(lockedOut('user1').overlay) }, { keep: true })
    const all = render(events, true) + JSON.stringify(document(events))
    expect(all).toContain('control.alice')
    expect(all).toContain('$ALICE')
    expect(all).not.toContain('user1-token')
  })

  it('shows a leak with its evidence, a curl line and the handler to add', async () => {
    const { events } = await play({ overlay: emptyPrefix }, { checks: some('store.search.empty-prefix') })
    const text = render(events, false)
    expect(text).toMatch(/LEAK +critical +store\.search\.empty-prefix@bob/)
    expect(text).toMatch(/saw {5}store\.value at items\[0\]\.value\.v: "iso[a-z2-7]{26}"/)
    expect(text).toContain(`/store/items/search' \\\n`)
    expect(text).toContain(`-H "authorization: Bearer $BOB"`)
    expect(text).toContain(`--data-raw '{"namespace_prefix":[],"limit":1000}'`)
    expect(text).toContain('.on("store:search"')
    expect(text).toContain('1 isolated   1 leak   0 inconclusive')
    expect(text).toContain('exit code 1')
  })

  it('shows a matrix and no line for what is isolated, unless asked', { timeout: 120_000 }, async () => {
    const { events } = await play()
    const quiet = render(events, false)
    expect(quiet).not.toMatch(/^ +ok +/m)
    expect(quiet).not.toContain('thread.read@bob')
    expect(quiet).toMatch(/threads +bob +ok +ok +ok +ok +ok +ok +ok +ok/)
    expect(render(events, true)).toContain("ok    thread.read@bob                   Bob can't read Alice's thread  404")
  })

  it('is one document with --json', async () => {
    const { events } = await play(
      { overlay: deputy('GET /threads/:id') },
      { checks: some('thread.read', 'thread.search') },
    )
    const report = document(events)
    expect(report).toMatchObject({
      schema: 1,
      actors: { alice: 'user1', bob: 'user2' },
      summary: { isolated: 3, leak: 1, accepted: 0, inconclusive: 0, skipped: 0 },
      stopped: null,
      cleanup: { left: [] },
      exitCode: 1,
    })
    const [leak] = report.checks
    expect(leak).toMatchObject({
      id: 'thread.read',
      actor: 'bob',
      verdict: 'leak',
      event: 'threads:read',
      severity: 'high',
    })
    expect(leak?.evidence[0]).toMatchObject({ slot: 'thread.metadata', where: 'metadata.secret', status: 200 })
    expect(leak?.requests[0]).toMatchObject({ route: 'GET /threads/{id}', status: 200 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('masks what the run did not plant', async () => {
    const { events } = await play(
      { overlay: strangers('a secret of somebody else', deputy('GET /threads/:id')) },
      {
        checks: some('thread.read'),
      },
    )
    expect(document(events).summary.leak).toBe(1)
    expect(JSON.stringify(document(events))).not.toContain('somebody else')
  })
})
