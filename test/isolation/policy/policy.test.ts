import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { type CheckResult, fingerprintOf, type IsolationEvent } from '../../../src/isolation/events.js'
import { type BaselineEntry, parseBaseline, updateBaseline } from '../../../src/isolation/policy/baseline.js'
import { exitCodeOf } from '../../../src/isolation/policy/exit-code.js'
import { parseIntent } from '../../../src/isolation/policy/intent.js'
import { openPolicy } from '../../../src/isolation/policy/open-policy.js'
import { type Policy, withPolicy } from '../../../src/isolation/policy/policy.js'
import { eventsOf, evidence, isolated, leak, open, result, skipped } from '../support/events.js'

const ids = CHECKS.map(({ id }) => id)
const none = { isolated: 0, leak: 0, accepted: 0, inconclusive: 0, skipped: 0 }

async function under(over: Partial<Policy>, results: readonly CheckResult[], stop?: 'leaking') {
  const policy: Policy = {
    baseline: [],
    intent: { shared: [], public: [], admin: [] },
    failOn: 'inconclusive',
    minSeverity: 'info',
    today: '2026-11-28',
    ...over,
  }
  async function* source() {
    const early = { id: 'boundary.no-token', message: '', advice: '', evidence: [evidence()] }
    yield* eventsOf(results, stop ? { stop: early } : {})
  }
  const events: IsolationEvent[] = []
  for await (const event of withPolicy(source(), policy)) events.push(event)
  const finished = events.at(-1)
  if (finished?.kind !== 'finished') throw new Error('The last event is not "finished".')
  return { finished, results: events.flatMap((event) => (event.kind === 'checked' ? [event.result] : [])) }
}

const read = result('thread.read', leak())
const fingerprint = fingerprintOf(read) ?? ''
const entry: BaselineEntry = { fingerprint, check: 'thread.read', reason: 'until the new roles are live' }

describe('exit codes', () => {
  it.each([
    [0, { isolated: 1, skipped: 5 }, 'inconclusive'],
    [1, { isolated: 1, leak: 1, inconclusive: 1 }, 'inconclusive'],
    [3, { isolated: 9, inconclusive: 1 }, 'inconclusive'],
    [3, { skipped: 5 }, 'inconclusive'],
    [0, { accepted: 1 }, 'inconclusive'],
    [0, { isolated: 3, inconclusive: 1 }, 'leak'],
    [3, { isolated: 2, inconclusive: 1 }, 'leak'],
    [3, { skipped: 5 }, 'leak'],
    [1, { isolated: 1, leak: 1 }, 'leak'],
    [0, { isolated: 1 }, 'skipped'],
    [3, { isolated: 9, skipped: 1 }, 'skipped'],
    [3, { isolated: 9, inconclusive: 1 }, 'skipped'],
    [1, { leak: 1, skipped: 1 }, 'skipped'],
  ] as const)('%i for %j with --fail-on %s', (expected, summary, failOn) => {
    const outcome = { summary: { ...none, ...summary }, stop: undefined, interrupted: false }
    expect(exitCodeOf(outcome, failOn)).toBe(expected)
  })

  it('is 3 after an interruption or a stop, and 1 with a leak besides', () => {
    const summary = { ...none, isolated: 9 }
    const stop = { id: 'control.alice', message: '', advice: '', evidence: [] }
    expect(exitCodeOf({ summary, stop: undefined, interrupted: true })).toBe(3)
    expect(exitCodeOf({ summary, stop, interrupted: false })).toBe(3)
    expect(exitCodeOf({ summary: { ...summary, leak: 1 }, stop, interrupted: true })).toBe(1)
  })

  it('counts no leak below --min-severity, and shows it', async () => {
    const { finished } = await under({ minSeverity: 'critical' }, [read, result('store.get', isolated)])
    expect(finished).toMatchObject({ exitCode: 0, summary: { leak: 1 } })
    expect(finished.notes).toEqual(['1 of the leaks is below critical and fails nothing'])
    expect((await under({ minSeverity: 'high' }, [read])).finished.exitCode).toBe(1)
  })

  it('lets nobody accept a server that looks at no token', async () => {
    expect((await under({ minSeverity: 'critical' }, [], 'leaking')).finished).toMatchObject({
      exitCode: 1,
      summary: { leak: 1 },
    })
  })
})

describe('the baseline', () => {
  it('accepts a leak, which stays one for everybody to see', async () => {
    const { finished, results } = await under({ baseline: [{ ...entry, by: 'Dana', until: '2026-11-28' }] }, [read])
    expect(results[0]).toMatchObject({ verdict: { kind: 'leak' }, accepted: { by: 'Dana', until: '2026-11-28' } })
    expect(finished).toMatchObject({ exitCode: 0, summary: { leak: 0, accepted: 1 }, notes: [] })
  })

  it.each([
    ['has no reason', { reason: '  ' }, 'has no reason, so it does not count'],
    ['is over', { until: '2026-11-27' }, 'ended on 2026-11-27, so it does not count any more'],
  ])('does not when its entry %s, and says so', async (_, over, said) => {
    const { finished } = await under({ baseline: [{ ...entry, ...over }] }, [read])
    expect(finished).toMatchObject({ exitCode: 1, summary: { leak: 1, accepted: 0 } })
    expect(finished.notes).toEqual([expect.stringContaining(said)])
  })

  it('lets a new leak win over everything', async () => {
    const other = result('thread.delete', leak())
    const { finished } = await under({ baseline: [entry] }, [read, other, result('store.get', open())])
    expect(finished).toMatchObject({ exitCode: 1, summary: { leak: 1, accepted: 1 } })
  })

  it.each([
    ['the check is isolated now', [result('thread.read', isolated)], true],
    ['it leaks somewhere else', [result('thread.read', leak({ slot: 'thread id' }))], true],
    ['the check was not played', [result('store.get', isolated)], false],
    ['the check was not decided', [result('thread.read', open())], false],
    ['the check was skipped', [result('thread.read', skipped())], false],
  ])('says what is fixed when %s', async (_, results, fixed) => {
    const { finished } = await under({ baseline: [entry] }, results)
    expect((finished.notes ?? []).some((note) => note.includes('is fixed: remove it'))).toBe(fixed)
  })

  it('is updated: reasons stay, what is fixed goes, what is new has no reason yet', () => {
    const gone = { fingerprint: '0123456789abcdef', check: 'store.get', reason: 'x' }
    const other = { fingerprint: 'fedcba9876543210', check: 'store.put', reason: 'y' }
    const added = result('thread.delete', leak())
    expect(updateBaseline([gone, other, entry], [read, added, result('store.get', isolated)])).toEqual([
      other,
      { fingerprint: fingerprintOf(added), check: 'thread.delete', reason: '' },
      entry,
    ])
  })

  it.each([
    ['nonsense', 'not JSON'],
    ['{}', 'expected array'],
    ['[{"fingerprint":"xyz","check":"a","reason":"b"}]', 'at 0.fingerprint: a fingerprint is 16 hex digits'],
    [JSON.stringify([{ ...entry, until: 'soon' }]), 'at 0.until: a day is written as'],
    [JSON.stringify([{ ...entry, untill: '2026-01-01' }]), 'untill'],
  ])('refuses %s', (text, message) => {
    expect(() => parseBaseline(text, 'b.json')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    )
  })
})

describe('the intent file', () => {
  const intent = (text: object) => parseIntent(JSON.stringify(text), 'intent.json', ids)

  it('turns a shared check around', async () => {
    const policy = { intent: intent({ shared: ['thread.r*'] }) }
    const served = await under(policy, [read])
    expect(served.results[0]).toMatchObject({
      verdict: { kind: 'isolated', note: expect.stringContaining('shared') },
      intended: expect.stringContaining('shared'),
    })
    expect(served.finished).toMatchObject({ exitCode: 0, notes: [expect.stringContaining('intent: thread.read@bob')] })
    const refused = await under(policy, [result('thread.read', isolated)])
    expect(refused.results[0]?.verdict).toMatchObject({ kind: 'inconclusive', reason: expect.stringContaining('404') })
    expect(refused.finished.exitCode).toBe(3)
  })

  it('shares with users, and with callers without a token only where it says so', async () => {
    const nobody = result('thread.read', leak(), { actor: 'nobody' })
    expect((await under({ intent: intent({ shared: ['thread.read'] }) }, [nobody])).finished.exitCode).toBe(1)
    expect((await under({ intent: intent({ shared: ['thread.read@nobody'] }) }, [nobody])).finished.exitCode).toBe(0)
  })

  it('exempts public routes for callers without a token, and nothing else', async () => {
    const policy = { intent: intent({ public: ['GET /threads/{thread_id}', 'GET /health'] }) }
    const on = (...routes: string[]) => leak(...routes.map((route) => ({ route })))
    const nobody = (...routes: string[]) => result('boundary.no-token', on(...routes), { actor: 'nobody' })
    expect((await under(policy, [nobody('GET /threads/{id}', 'GET /health')])).finished.exitCode).toBe(0)
    const partly = await under(policy, [nobody('GET /health', 'POST /threads')])
    expect(partly.results[0]?.verdict).toMatchObject({ kind: 'leak', evidence: [{ route: 'POST /threads' }] })
    expect((await under(policy, [read])).finished.exitCode).toBe(1)
  })

  it('lets an admin in, and says so', async () => {
    const { finished, results } = await under({ intent: intent({ admin: ['bob'] }) }, [read])
    expect(results[0]?.intended).toBe('the intent file says that Bob is an admin')
    expect(finished).toMatchObject({ exitCode: 0, notes: [expect.stringContaining('Bob is an admin')] })
  })

  it.each([
    [{ shared: ['thread.raed'] }, 'thread.read'],
    [{ public: ['health'] }, 'a route is written as'],
    [{ admin: ['mallory'] }, 'admin.0'],
    [{ sharde: [] }, 'sharde'],
  ])('refuses %j', (text, message) => {
    expect(() => intent(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    )
  })
})

it('reads and writes files, and a missing one is wrong usage only where it was named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-policy-'))
  const flags = { failOn: 'inconclusive', minSeverity: 'info', ids } as const
  const baseline = join(folder, 'b.json')
  try {
    await expect(openPolicy({ ...flags, baseline, updateBaseline: false })).rejects.toMatchObject({ code: 'usage' })
    const opened = await openPolicy({ ...flags, baseline, updateBaseline: true })
    expect(await opened.update([read])).toHaveLength(1)
    expect(JSON.parse(readFileSync(baseline, 'utf8'))).toEqual([{ ...entry, reason: '' }])
    writeFileSync(baseline, JSON.stringify([entry]))
    const again = await openPolicy({ ...flags, baseline, updateBaseline: false })
    expect(again.policy.baseline).toEqual([entry])
    expect((await openPolicy({ ...flags, updateBaseline: false })).policy.baseline).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
