import { describe, expect, it } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import type { DevEvent } from '../../src/dev/events.js'
import { devJson } from '../../src/dev/report-json.js'
import { devText } from '../../src/dev/report-text.js'
import { createTrace, type Trace } from '../../src/engine/trace.js'
import { AuthkitError } from '../../src/errors/authkit-error.js'
import type { RunRecord } from '../../src/runtime/runs/run-record.js'

/** Wipes the screen, forges a line, and hides behind C1, DEL and a letter that turns the rest round. */
const EVIL = 'a\x1b[2J\r\n 00:00:00  200  DELETE\x9b2K\x7f\u202e\u2028\tz'
const ESCAPED = 'a\\x1b[2J\\x0d\\n 00:00:00  200  DELETE\\x9b2K\\x7f\\u202e\\u2028\\x09z'
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

const text = (event: DevEvent) => devText(event, createStyle(false)) ?? ''

function request(path: string, about: Partial<Trace> = {}, status = 200, method = 'GET'): DevEvent {
  const trace = { ...createTrace('id'), ...about }
  return { kind: 'request', record: { time: new Date(), method, path, status, ms: 1, trace } }
}

function run(about: Partial<RunRecord> = {}, trace: Partial<Trace> = {}): DevEvent {
  const ids = { run_id: 'r', thread_id: 't', assistant_id: 'a' }
  const record = {
    time: new Date(0),
    run: ids,
    graphId: 'agent',
    status: 'success',
    ms: 1.234,
    thrown: undefined,
  } as const
  return { kind: 'run', record: { ...record, ...about, trace: { ...createTrace('id'), ...trace } } }
}

function only(reason: string): Trace['events'][number] {
  const filter = { kind: 'equals', key: EVIL, value: EVIL } as const
  const decision =
    reason === 'filter' ? ({ kind: 'only', filter, handler: 'threads' } as const) : ({ kind: 'deny', reason } as const)
  return { event: 'threads:read', handler: 'threads', decision, changes: [EVIL], hidden: undefined, ms: 1 }
}

const broken = (message: string) =>
  ({ kind: 'broken', error: new AuthkitError('auth_file_broken', message, { hint: EVIL }) }) as const

const ready = {
  kind: 'ready',
  file: EVIL,
  coverage: [{ event: 'threads:read', handler: undefined }],
  tokens: [{ token: EVIL, identity: EVIL, display_name: EVIL }],
} as const

const reload = (rest: object): DevEvent => ({
  kind: 'reloaded',
  file: 'auth.ts',
  ms: 1,
  rules: { kind: 'off' },
  strict: false,
  warnings: [],
  newWarnings: [],
  ...rest,
})

const rows: [string, DevEvent, number][] = [
  ['a path', request(EVIL), 1],
  ['a method', request('/x', {}, 200, EVIL), 1],
  ['an identity', request('/x', { identity: EVIL }), 1],
  ['a display name', request('/x', { displayName: EVIL }), 1],
  ['a reason', request('/x', { events: [only(EVIL)] }, 403), 1],
  ['a filter and changes', request('/x', { events: [only('filter')] }), 1],
  ['the graph and the user of a run', run({ status: 'timeout', graphId: EVIL }, { displayName: EVIL }), 1],
  ['what a run was refused', run({}, { events: [only(EVIL)] }), 1],
  ['the file of a reload', reload({ file: EVIL }), 1],
  ['a warning that is new', reload({ newWarnings: [EVIL] }), 2],
  [
    'the banner',
    {
      kind: 'ready',
      url: 'http://127.0.0.1:1',
      ms: 1,
      rules: ready,
      issuer: { kind: 'on', url: 'http://127.0.0.1:1/_authkit/oidc', users: [{ identity: EVIL, name: EVIL }] },
      database: EVIL,
      graphs: [EVIL],
      strict: false,
      warnings: [EVIL],
    },
    12,
  ],
]

describe('what comes from outside is text on its own line', () => {
  it.each(rows)('%s', (_, event, lines) => {
    const printed = text(event).split('\n')
    expect(printed).toHaveLength(lines)
    expect(printed.filter((line) => HARMFUL.test(line))).toEqual([])
    // A filter shows its values as JSON, which escapes in its own way.
    expect(printed.join('')).toContain(ESCAPED)
  })

  const lines = `first\nsecond${EVIL}\n 00:00:00  200  third`
  it.each<[string, DevEvent]>([
    ['the problem of a request', request('/x', { problem: lines }, 503)],
    ['a problem', { kind: 'problem', time: new Date(), message: lines, stack: lines }],
    ['what a graph threw', run({ status: 'error', thrown: lines })],
    ['a broken file', reload({ rules: broken(lines) })],
  ])('%s keeps its line breaks, and every line stays under its head', (_, event) => {
    const [head, ...under] = text(event).split('\n')
    expect(head).not.toMatch(HARMFUL)
    expect(under.length).toBeGreaterThan(2)
    for (const line of under) expect(line).toMatch(/^ {12}[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u)
    expect(under.join('\n')).toContain('            second')
  })

  const inJson: [string, DevEvent][] = rows.map(([what, event]) => [what, event])
  it.each([
    ...inJson.filter(([what]) => what !== 'a display name'),
    ['a problem', request('/x', { problem: EVIL }, 503)] as const,
  ])('JSON says %s without doing it', (_, event) => {
    const json = devJson(event)
    expect(json).not.toMatch(HARMFUL)
    expect(JSON.stringify(JSON.parse(json))).toContain(JSON.stringify(EVIL).slice(1, -1))
  })

  it('ordinary text of any language is left alone', () => {
    expect(text(request('/größe/数/🎉'))).toContain('/größe/数/🎉')
  })
})

describe('a run', () => {
  const refused = { ...only('no'), event: 'store:put' } as const
  const failed = { ...refused, decision: undefined }
  const filtered = { ...refused, decision: only('filter').decision }

  it.each<[string, DevEvent, RegExp | undefined]>([
    ['that went well is quiet', run(), undefined],
    ['that was stopped is quiet', run({ status: 'interrupted' }), undefined],
    ['that may do what it does within a filter is quiet', run({}, { events: [filtered] }), undefined],
    [
      'that took too long',
      run({ status: 'timeout' }, { identity: 'u1' }),
      / {2}run {2}agent {2}u1 {2}timeout {2}1\.2 ms$/,
    ],
    [
      'that was refused something',
      run({}, { events: [filtered, refused] }),
      /agent {2}- {2}success {2}store:put -> deny: no {2}1\.2 ms$/,
    ],
    ['whose handler failed', run({}, { events: [failed] }), /store:put handler threads failed/],
    ['with a problem', run({}, { problem: 'the store is gone' }), /\n {12}the store is gone$/],
    ['that threw no Error', run({ status: 'error', thrown: 'text' }), / {2}error {2}1\.2 ms\n {12}text$/],
    ['that threw nothing', run({ status: 'error', thrown: undefined }), / {2}error {2}1\.2 ms$/],
  ])('%s', (_, event, expected) => {
    if (expected) expect(text(event)).toMatch(expected)
    else expect(devText(event, createStyle(false))).toBeUndefined()
  })

  const thrown = Object.assign(
    new TypeError('no answer', { cause: new Error('401 for Authorization: Bearer abc.def-ghi') }),
    { request: { headers: { authorization: 'Bearer carried-secret' } } },
  )

  it('that threw tells what, where and why, and no credential', () => {
    const lines = text(run({ status: 'error', thrown })).split('\n')
    expect(lines[1]).toBe('            TypeError: no answer')
    expect(lines[2]).toMatch(/^ {12}at .*report-text\.test\.ts:\d+:\d+/)
    expect(lines).toContain('            caused by Error: 401 for Authorization: Bearer [secret]')
    expect(lines.join()).not.toMatch(/abc\.def|carried-secret/)
  })

  it('is one line of JSON, with the name and message of what it threw', () => {
    const event = run({ status: 'error', thrown }, { identity: 'u1', events: [refused] })
    expect(JSON.parse(devJson(event))).toEqual({
      kind: 'run',
      time: '1970-01-01T00:00:00.000Z',
      run_id: 'r',
      thread_id: 't',
      assistant_id: 'a',
      graph_id: 'agent',
      status: 'error',
      ms: 1.23,
      identity: 'u1',
      events: [expect.objectContaining({ event: 'store:put', decision: { kind: 'deny', reason: 'no' } })],
      error: { name: 'TypeError', message: 'no answer' },
    })
    expect(devJson(event)).not.toContain('carried-secret')
    expect(JSON.parse(devJson(run())).error).toBeNull()
    expect(JSON.parse(devJson(run({ thrown: { token: 'carried-secret' } }))).error).toEqual({
      name: 'object',
      message: 'a value that is no Error',
    })
  })

  it('whose errors cause each other ends all the same', () => {
    const circle = new Error('round')
    circle.cause = circle
    expect(text(run({ status: 'error', thrown: circle })).match(/caused by/g)).toHaveLength(3)
  })
})

describe('a reload', () => {
  it('says what is new among the warnings, and JSON all of them', () => {
    const event = reload({ warnings: ['old', 'new'], newWarnings: ['new'] })
    expect(text(event)).toMatch(/reloaded auth\.ts in 1 ms\n {2}warning {5}new$/)
    expect(JSON.parse(devJson(event))).toMatchObject({ warnings: ['old', 'new'], new_warnings: ['new'] })
  })
})

describe('a problem', () => {
  it('is told in text and in JSON', () => {
    const time = new Date()
    const event: DevEvent = { kind: 'problem', time, message: 'It broke', stack: 'at here' }
    expect(text(event)).toMatch(/^ {2}\d\d:\d\d:\d\d {2}problem It broke\n {12}at here$/)
    expect(JSON.parse(devJson(event))).toEqual({
      kind: 'problem',
      time: time.toISOString(),
      message: 'It broke',
      stack: 'at here',
    })
    expect(text({ ...event, stack: undefined })).toMatch(/problem It broke$/)
  })
})
