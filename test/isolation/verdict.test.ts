import { describe, expect, it } from 'vitest'
import type { Evidence } from '../../src/isolation/evidence.js'
import type { Exchange } from '../../src/isolation/probe.js'
import { type Control, judge, type On2xx, type Verdict, worst } from '../../src/isolation/verdict.js'

const PROVED: Control = { kind: 'proved' }
const FAILED: Control = { kind: 'failed', reason: 'Alice is refused as well' }
const UNSUPPORTED: Control = { kind: 'unsupported', reason: 'no such route' }

function exchange(answer: Partial<Exchange>): Exchange {
  return {
    actor: 'bob',
    probe: { method: 'GET', path: '/threads/1' },
    status: 404,
    headers: { 'content-type': 'application/json' },
    body: '',
    ending: 'complete',
    ms: 1,
    ...answer,
  }
}

const evidence = (slot: string): Evidence => ({
  slot,
  where: 'body',
  excerpt: '',
  actor: 'bob',
  route: 'GET /threads/{id}',
  status: 200,
  curl: '',
})

interface Given {
  readonly answer: Partial<Exchange>
  readonly control?: Control
  readonly canary?: boolean
  readonly on2xx?: On2xx
}

function verdict({ answer, control = PROVED, canary = false, on2xx = 'leak-unless-empty' }: Given): Verdict['kind'] {
  const seen = canary ? [evidence('thread.metadata')] : []
  return judge({ exchange: exchange(answer), evidence: seen, control }, { on2xx }, () => evidence('answer')).kind
}

const STREAM = { 'content-type': 'text/event-stream' }

// The eight mistakes of such suites, each in a world of its own, are eight-mistakes.test.ts.
describe('one exchange', () => {
  it.each<[mistake: string, given: Given, expected: Verdict['kind']]>([
    ['an attack that died in validation is no denial', { answer: { status: 422 }, control: FAILED }, 'inconclusive'],
    ['a crash is no denial', { answer: { status: 500 } }, 'inconclusive'],
    ['a server that denies everyone is not isolated', { answer: { status: 403 }, control: FAILED }, 'inconclusive'],
    ['data in a denial is a leak', { answer: { status: 404, body: 'secret' }, canary: true }, 'leak'],
    [
      'data in a redirect is a leak',
      { answer: { status: 302, headers: { location: '/login' } }, canary: true },
      'leak',
    ],
    [
      'data in a stream before its error is a leak',
      {
        answer: { status: 200, headers: STREAM, body: 'event: values\ndata: 1\n\nevent: error\ndata: 2\n\n' },
        canary: true,
      },
      'leak',
    ],
    ['an empty list is no leak', { answer: { status: 200, body: '{"items":[]}' } }, 'isolated'],
    ['own rows are no leak', { answer: { status: 200, body: '[{"thread_id":"mine"}]' }, on2xx: 'own' }, 'isolated'],
    ['a body of the same length is no leak', { answer: { status: 404, body: 'x'.repeat(500) } }, 'isolated'],
  ])('%s', (_, given, expected) => expect(verdict(given)).toBe(expected))
})

describe('evidence beats everything', () => {
  it.each<[string, Control]>([
    ['a failed control', FAILED],
    ['an unsupported route', UNSUPPORTED],
  ])('%s does not soften it', (_, control) => {
    expect(verdict({ answer: { status: 500 }, control, canary: true })).toBe('leak')
  })
})

describe('denials', () => {
  it.each([401, 403, 404, 410, 400, 405, 409, 415, 422])('%i is one when Alice may', (status) => {
    expect(verdict({ answer: { status } })).toBe('isolated')
  })
  it.each([402, 418, 429, 500, 502, 503])('%i is none', (status) => {
    expect(verdict({ answer: { status } })).toBe('inconclusive')
  })
  it.each([
    ['/login?next=/', 'isolated'],
    ['/threads/1/', 'inconclusive'],
  ])('a redirect to %s is %s', (location, expected) => {
    expect(verdict({ answer: { status: 302, headers: { location } } })).toBe(expected)
  })
  it.each(['timeout', 'reset', 'cut'] as const)('an answer that ends with %s proves nothing', (ending) => {
    expect(verdict({ answer: { status: ending === 'cut' ? 200 : 0, ending } })).toBe('inconclusive')
    expect(verdict({ answer: { status: 200, body: '[]', ending } })).toBe('inconclusive')
  })
  it('a web page proves nothing, unless it carries data', () => {
    const body = '<!DOCTYPE html><title>Sign in</title>'
    expect(verdict({ answer: { status: 200, body } })).toBe('inconclusive')
    expect(verdict({ answer: { status: 200, body }, canary: true })).toBe('leak')
    expect(verdict({ answer: { status: 404, body } })).toBe('isolated')
  })
  it('a stream is known by its first line, where a proxy has changed its type', () => {
    const body = 'event: error\ndata: "Run not found"\n\n'
    const headers = { 'content-type': 'text/plain' }
    expect(verdict({ answer: { status: 200, headers, body } })).toBe('isolated')
    expect(verdict({ answer: { status: 200, headers, body: `event: values\ndata: 1\n\n${body}` } })).toBe('leak')
  })
  it('an open and silent stream is "no data", not a time-out', () => {
    expect(verdict({ answer: { status: 200, headers: STREAM, ending: 'quiet' } })).toBe('isolated')
  })
  it('a route that Alice has not either is skipped', () => {
    expect(verdict({ answer: { status: 404 }, control: UNSUPPORTED })).toBe('skipped')
  })
})

describe('a 2xx without a canary', () => {
  const EMPTY = [
    'null',
    '[]',
    '0',
    '',
    '{"items":[]}',
    '{"namespaces":[]}',
    '{"values":{},"next":[],"tasks":[],"checkpoint":{"checkpoint_id":"echo"}}',
    '{"__error__":{"error":"Error","message":"Run not found"}}',
    '{"type":"error","error":"no_such_run"}',
  ]
  it.each(EMPTY)('%s is empty', (body) => expect(verdict({ answer: { status: 200, body } })).toBe('isolated'))
  it.each(EMPTY)('%s is a leak where nothing may be served at all', (body) => {
    expect(verdict({ answer: { status: 200, body }, on2xx: 'leak' })).toBe('leak')
  })
  it.each(['{"thread_id":"x"}', '1', '{"items":[{}]}', '{"values":{"messages":[]},"tasks":[]}', 'text'])(
    '%s is not empty',
    (body) => expect(verdict({ answer: { status: 200, body } })).toBe('leak'),
  )
  it('a stream of errors and heartbeats is empty, one with values is not', () => {
    const body = ': heartbeat\n\nevent: error\ndata: "Run not found"\n\nevent: end\ndata: null\n\n'
    expect(verdict({ answer: { status: 200, headers: STREAM, body } })).toBe('isolated')
    expect(verdict({ answer: { status: 200, headers: STREAM, body: `event: values\ndata: {}\n\n${body}` } })).toBe(
      'leak',
    )
  })
  it('means nothing when Alice could not do it herself', () => {
    expect(verdict({ answer: { status: 200, body: '{"a":1}' }, control: FAILED })).toBe('inconclusive')
  })
})

describe('several requests make one verdict', () => {
  const isolated: Verdict = { kind: 'isolated', note: '404', byRole: false }
  const leak: Verdict = { kind: 'leak', evidence: [evidence('x')] }
  const open: Verdict = { kind: 'inconclusive', reason: 'x' }
  const skipped: Verdict = { kind: 'skipped', reason: 'x' }
  it.each<[Verdict['kind'], Verdict[]]>([
    ['leak', [isolated, open, leak, skipped]],
    ['inconclusive', [isolated, skipped, open]],
    ['isolated', [skipped, isolated]],
    ['skipped', [skipped, skipped]],
    ['inconclusive', []],
  ])('%s', (expected, verdicts) => expect(worst(verdicts).kind).toBe(expected))
})
