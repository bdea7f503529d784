import { describe, expect, it } from 'vitest'
import { createLedger, LedgerViolation } from '../../src/isolation/ledger/ledger.js'
import { del, type Exchange, get, type Probe, patch, post, put } from '../../src/isolation/probe.js'

const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
/** The system assistant of the graph "agent". */
const SHARED = 'fe096781-5601-53d2-b2f6-0d3403f7e9ca'

function ledger() {
  const made = createLedger({ agents: () => ['agent'] })
  made.reserve({ kind: 'thread', id: OURS, owner: 'alice' })
  made.reserve({ kind: 'item', id: 'our-key', owner: 'alice', namespace: ['a'] })
  return made
}

const answer = (probe: Probe, status: number, body = ''): Exchange => ({
  actor: 'alice',
  probe,
  status,
  headers: {},
  body,
  ending: 'complete',
  ms: 1,
})

describe('nothing but what the run made may be changed', () => {
  it.each<[string, Probe]>([
    ['a foreign thread', del(`/threads/${THEIRS}`)],
    ['a foreign thread in the body', post('/runs', { assistant_id: 'agent', thread_id: THEIRS })],
    ['a foreign assistant in the body', post(`/threads/${OURS}/runs`, { assistant_id: THEIRS })],
    ['one of several', post('/threads/prune', { thread_ids: [OURS, THEIRS] })],
    ['a run that is not ours on a thread that is', post(`/threads/${OURS}/runs/${THEIRS}/cancel`)],
    ['everybody’s runs', post('/runs/cancel', { status: 'all' })],
    ['everybody’s runs besides its own', post('/runs/cancel', { status: 'all', thread_id: OURS, run_ids: [OURS] })],
    ['no thread in particular', post('/threads/prune', { thread_ids: [] })],
    ['a foreign thread in another spelling', post(`/threads/%7B${THEIRS}%7D/runs`, { assistant_id: 'agent' })],
    ['the assistant of everybody', patch(`/assistants/${SHARED}`, { name: 'x' })],
    ['its version, without knowing it', post(`/assistants/${SHARED}/latest`, { version: 1 })],
    ['the assistant of everybody by deleting it', del(`/assistants/${SHARED}`)],
    ['the shared agent', del('/assistants/agent')],
    ['the whole database', post('/internal/truncate', { threads: true })],
    ['a store key in a query', del('/store/items?namespace=a&key=theirs')],
    ['a store key that was not planted', del('/store/items', { namespace: [], key: 'theirs' })],
    ['a store without a key', put('/store/items', { namespace: ['a'] })],
    ['anything unknown', post('/admin/reset', {})],
  ])('refuses to change %s', (_, probe) => expect(() => ledger().assert(probe)).toThrow(LedgerViolation))

  it.each<[string, Probe]>([
    ['reading anything', get(`/threads/${THEIRS}`)],
    ['searching', post('/threads/search', { ids: [THEIRS] })],
    ['a history', post(`/threads/${THEIRS}/history`, {})],
    ['changing its own thread', patch(`/threads/${OURS}`, { metadata: {} })],
    ['a run of the shared agent', post(`/threads/${OURS}/runs`, { assistant_id: 'agent' })],
    ['creating', post('/threads', {})],
    ['deleting its own threads at once', post('/threads/prune', { thread_ids: [OURS] })],
    ['its own thread in another spelling', patch(`/threads/%7B${OURS.replaceAll('-', '')}%7D`, {})],
    ['a change of nothing for the assistant of everybody', patch(`/assistants/${SHARED}`, {})],
    ['creating one under its id', post('/assistants', { assistant_id: SHARED, graph_id: 'agent' })],
    ['its own item', del('/store/items', { namespace: ['a'], key: 'our-key' })],
    ['its own item by a query', del('/store/items?namespace=a&key=our-key')],
    ['pruning its own threads', post('/threads/prune', { thread_ids: [OURS] })],
    ['truncating nothing', post('/internal/truncate', {})],
  ])('allows %s', (_, probe) => expect(() => ledger().assert(probe)).not.toThrow())
})

describe('the assistant that everybody shares', () => {
  const read = answer(get(`/assistants/${SHARED}`), 200, JSON.stringify({ assistant_id: SHARED, version: 3 }))
  const latest = (version: number) => post(`/assistants/${SHARED}/latest`, { version })

  it('may be given the version that it has, and no other', () => {
    const made = ledger()
    made.note(read)
    expect(() => made.assert(latest(3))).not.toThrow()
    expect(() => made.assert(latest(2))).toThrow(LedgerViolation)
    expect(() => made.assert(post(`/assistants/${SHARED}/latest`, { version: 3, name: 'x' }))).toThrow(LedgerViolation)
  })

  it('may be deleted where that was asked for, and then no other one', () => {
    const made = createLedger({ agents: () => ['agent'], destructive: true })
    expect(() => made.assert(del(`/assistants/${SHARED}`))).not.toThrow()
    expect(() => made.assert(del(`/assistants/${THEIRS}`))).toThrow(LedgerViolation)
    expect(() => made.assert(patch(`/assistants/${SHARED}`, { name: 'x' }))).toThrow(LedgerViolation)
  })
})

it('takes the name of a user for no object', () => {
  const raw = { ...post('/threads'), raw: { text: `{"metadata":{"owner":"${THEIRS}"}}` } }
  expect(() => ledger().assert(raw)).toThrow(LedgerViolation)
  const known = createLedger({ agents: () => ['agent'], users: () => [THEIRS] })
  expect(() => known.assert(raw)).not.toThrow()
  expect(() => known.assert(del(`/threads/${THEIRS}`))).toThrow(LedgerViolation)
})

describe('what is to be cleaned up', () => {
  const ids = (made: ReturnType<typeof ledger>) => made.objects().map(({ id }) => id)

  it('leaves out ids that were reserved and refused', () => {
    const made = ledger()
    made.note(answer(post('/threads', { thread_id: OURS }), 403))
    expect(ids(made)).toEqual([])
  })

  it.each([200, 500, 0])('has an id whose creation was answered with %i', (status) => {
    const made = ledger()
    made.note(answer(post('/threads', { thread_id: OURS }), status))
    expect(ids(made)).toEqual([OURS])
  })

  it('leaves out what its owner deleted', () => {
    const made = ledger()
    made.note(answer(post('/threads', { thread_id: OURS }), 200))
    made.note(answer(del(`/threads/${OURS}`), 204))
    expect(ids(made)).toEqual([])
  })

  it('has what the server named itself, and runs until they rest', () => {
    const made = ledger()
    made.note(answer(post(`/threads/${OURS}/runs`, {}), 200, JSON.stringify({ run_id: THEIRS, thread_id: OURS })))
    expect(made.unfinishedRuns().map(({ id }) => id)).toEqual([THEIRS])
    made.note(answer(get(`/threads/${OURS}/runs/${THEIRS}`), 200, '{"status":"running"}'))
    expect(made.unfinishedRuns()).toHaveLength(1)
    made.note(answer(get(`/threads/${OURS}/runs/${THEIRS}`), 200, '{"status":"interrupted"}'))
    expect(made.unfinishedRuns()).toEqual([])
    made.note(answer(post(`/threads/${OURS}/copy`), 200, JSON.stringify({ thread_id: 'a-copy' })))
    expect(ids(made)).toContain('a-copy')
  })
})

describe('whom an object belongs to', () => {
  const owners = (made: ReturnType<typeof ledger>) => made.objects().map(({ id, owner }) => [id, owner])

  it('is who made it, whoever had chosen its id', () => {
    const made = ledger()
    made.reserve({ kind: 'thread', id: THEIRS, owner: 'bob' })
    made.note(answer(post('/threads', { thread_id: THEIRS }), 200, JSON.stringify({ thread_id: THEIRS })))
    expect(owners(made)).toEqual([[THEIRS, 'alice']])
    // Somebody else's later success moves nothing.
    const bob = answer(post('/threads', { thread_id: THEIRS }), 200, JSON.stringify({ thread_id: THEIRS }))
    made.note({ ...bob, actor: 'bob' })
    expect(owners(made)).toEqual([[THEIRS, 'alice']])
  })

  it('is who patched what was not there, where the server makes a thread of that', () => {
    const made = ledger()
    made.note({ ...answer(patch(`/threads/${OURS}`, {}), 200, JSON.stringify({ thread_id: THEIRS })), actor: 'bob' })
    expect(owners(made)).toContainEqual([THEIRS, 'bob'])
  })
})
