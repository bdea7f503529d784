import { describe, expect, it } from 'vitest'
import { type Json, sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, serve } from '../support/server.js'
import { dataOf, readUntil, type SseEvent, sseEvents } from '../support/sse-events.js'

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')

const slow = (ms: number, more: Json = {}) => ({ assistant_id: 'slow', input: { ms }, ...more })
const names = (events: readonly SseEvent[]) => events.map(({ event }) => event)
const everything = { 'last-event-id': '-1' }

async function start(thread: string, body: Json): Promise<string> {
  const reply = await alice.post(`/threads/${thread}/runs`, body)
  expect(reply.status, reply.text).toBe(200)
  return String(reply.json()['run_id'])
}

const threadNow = async (thread: string) => (await alice.get(`/threads/${thread}`)).json()
const statusOf = async (thread: string, run: string) => {
  const reply = await alice.get(`/threads/${thread}/runs/${run}`)
  return reply.status === 200 ? reply.json()['status'] : reply.status
}
const ended = (thread: string, run: string) =>
  until(
    () => statusOf(thread, run),
    (status) => !['pending', 'running'].includes(String(status)),
  )
const result = async (thread: string, run: string) => (await alice.get(`/threads/${thread}/runs/${run}/join`)).json()

describe.concurrent('streams', () => {
  it.each<[string, Json, string[]]>([
    ['values, where nothing is said', { assistant_id: 'steps' }, ['values', 'values', 'values', 'values']],
    ['updates', { assistant_id: 'steps', stream_mode: 'updates' }, ['updates', 'updates', 'updates']],
    [
      'several at once',
      { assistant_id: 'jump', stream_mode: ['values', 'updates'] },
      ['values', 'updates', 'values', 'updates', 'values'],
    ],
    ['messages as tuples', { assistant_id: 'chat', stream_mode: ['messages-tuple'] }, ['messages', 'messages']],
    [
      'messages so far',
      { assistant_id: 'chat', stream_mode: ['messages'] },
      ['messages/complete', 'messages/metadata', 'messages/partial', 'messages/partial', 'messages/complete'],
    ],
    ['custom', { assistant_id: 'slow', stream_mode: ['custom'] }, ['custom']],
    ['tasks', { assistant_id: 'boom', stream_mode: ['tasks'] }, ['tasks', 'tasks', 'error']],
  ])('%s', async (_, body, expected) => {
    const input = body['assistant_id'] === 'chat' ? { messages: [{ role: 'human', content: 'hi' }] } : { ms: 1 }
    const reply = await alice.post('/runs/stream', { input, ...body })
    expect(reply.headers.get('content-type')).toBe('text/event-stream')
    expect(names(sseEvents(reply.text))).toEqual(['metadata', ...expected])
  })

  it('messages hold what was said so far, flat', async () => {
    const input = { messages: [{ role: 'human', content: 'hi' }] }
    const read = async (mode: string) =>
      sseEvents((await alice.post('/runs/stream', { assistant_id: 'chat', input, stream_mode: [mode] })).text)
    const partial = (await read('messages')).filter(({ event }) => event === 'messages/partial')
    expect(partial.map(({ data }) => (data as [Json])[0])).toMatchObject([
      { content: 'Hel', id: expect.any(String) },
      { content: 'Hello', id: expect.any(String) },
    ])
    expect(new Set(partial.map(({ data }) => (data as [Json])[0]['id'])).size).toBe(1)
    const [chunk, metadata] = dataOf<[Json, Json]>(await read('messages-tuple'), 'messages')
    expect(chunk).toMatchObject({ content: 'Hel', type: expect.stringMatching(/^(ai|AIMessageChunk)$/) })
    expect(metadata).toMatchObject({ langgraph_node: 'model' })
    expect(JSON.stringify(metadata)).not.toContain('langgraph_auth_')
  })

  it('subgraphs say where they are in the name of the event', async () => {
    const body = { assistant_id: 'nested', input: {}, stream_mode: ['updates'], stream_subgraphs: true }
    const events = names(sseEvents((await alice.post('/runs/stream', body)).text))
    expect(events.filter((event) => /^updates\|child:[0-9a-f-]{36}$/.test(event))).toHaveLength(3)
    expect(events.filter((event) => event === 'updates')).toHaveLength(2)
    const plain = { ...body, stream_subgraphs: false }
    expect(names(sseEvents((await alice.post('/runs/stream', plain)).text))).toEqual(['metadata', 'updates', 'updates'])
  })

  it('every reader gets every event, whenever it comes', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(600, { stream_mode: ['values', 'custom', 'updates'] }))
    const path = `/threads/${thread}/runs/${run}/stream`
    const read = async (headers: Record<string, string>) => sseEvents((await alice.get(path, headers)).text)
    const early = [read(everything), read(everything), read({ 'last-event-id': '-' })]
    await sleep(250)
    const [live, during, beyond] = [read({}), read({ 'last-event-id': '1' }), read({ 'last-event-id': '1000' })]
    const all = await early[0]
    expect(all?.map(({ id }) => Number(id))).toEqual(all?.map((_, index) => index))
    expect(names(all ?? [])).toEqual(['metadata', 'values', 'updates', 'values', 'custom', 'updates', 'values'])
    for (const one of [...early, read(everything)]) expect(await one).toEqual(all)
    expect(await during).toEqual(all?.slice(2))
    expect(await read({ 'last-event-id': '3' })).toEqual(all?.slice(4))
    expect(names(await live)).toEqual(['updates', 'values'])
    expect(await beyond).toEqual(await live)
    expect(await read({})).toEqual([])
  })

  it('a reader that joins chooses among the modes of the run', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(1, { stream_mode: ['values', 'custom', 'updates'] }))
    await ended(thread, run)
    const read = async (query: string) =>
      names(sseEvents((await alice.get(`/threads/${thread}/runs/${run}/stream?${query}`, everything)).text))
    const custom = ['metadata', 'custom']
    expect(await read('stream_mode=custom')).toEqual(custom)
    expect(await read('stream_mode=["custom"]')).toEqual(custom)
    expect(await read('stream_mode=custom&stream_mode=updates')).toEqual(['metadata', 'updates', 'custom', 'updates'])
    expect(await read('stream_mode=custom,updates')).toEqual(['metadata', 'updates', 'custom', 'updates'])
  })

  it('the result waits for slow runs, behind line breaks that keep the connection', async () => {
    const thread = await alice.thread()
    const reply = await alice.post(`/threads/${thread}/runs/wait`, slow(1200))
    expect(reply.text).toMatch(/^\n+\{/)
    expect(reply.headers.get('content-type')).toBe('application/json')
    expect(reply.json()).toMatchObject({ seen: ['begun', 'waited'] })
    const quick = await alice.post(`/threads/${thread}/runs/wait`, slow(1))
    expect(quick.text).toMatch(/^\{/)
  })

  it.each<[string, string]>([
    ['stream', 'stream'],
    ['wait', 'wait'],
  ])('hanging up on %s cancels the run where that was asked for, and only there', async (_, kind) => {
    for (const [on_disconnect, expected] of [
      ['cancel', 'interrupted'],
      ['continue', 'success'],
    ]) {
      const thread = await alice.thread()
      const leaving = new AbortController()
      const asked = alice.open('POST', `/threads/${thread}/runs/${kind}`, slow(1500, { on_disconnect }), {
        signal: leaving.signal,
      })
      const failed = asked.then((response) => response.text()).catch(() => 'gone')
      const runs = await until(
        async () => (await alice.get(`/threads/${thread}/runs`)).json<{ run_id: string; status: string }[]>(),
        (found) => found[0]?.status === 'running',
      )
      leaving.abort()
      expect(await failed).toBe('gone')
      expect(await ended(thread, runs[0]?.run_id ?? '')).toBe(expected)
    }
  })

  it.each(['join', 'stream'])('hanging up on a %s cancels the run where that was asked for', async (kind) => {
    const thread = await alice.thread()
    const run = await start(thread, slow(60_000))
    const leaving = new AbortController()
    const path = `/threads/${thread}/runs/${run}/${kind}?cancel_on_disconnect=1`
    const asked = alice.open('GET', path, undefined, { signal: leaving.signal })
    const failed = asked.then((response) => response.text()).catch(() => 'gone')
    await sleep(100)
    leaving.abort()
    expect(await failed).toBe('gone')
    expect(await ended(thread, run)).toBe('interrupted')
  })
})

describe.concurrent('where a run is found', () => {
  it.each<[string, string | undefined, (thread: string, run: string) => [string, string | null]]>([
    ['POST /threads/T/runs', '', (t, r) => [`/threads/${t}/runs/${r}`, null]],
    ['POST /threads/T/runs/stream', '/stream', (t, r) => [`/threads/${t}/runs/${r}`, `/threads/${t}/runs/${r}/stream`]],
    ['POST /threads/T/runs/wait', '/wait', (t, r) => [`/threads/${t}/runs/${r}`, `/threads/${t}/runs/${r}/join`]],
  ])('%s says it in its headers', async (_, tail, expected) => {
    const thread = await alice.thread()
    const { headers } = await alice.post(`/threads/${thread}/runs${tail}`, { assistant_id: 'echo', input: {} })
    const [run] = (await alice.get(`/threads/${thread}/runs`)).json<{ run_id: string }[]>()
    const found = [headers.get('content-location'), headers.get('location')]
    expect(found).toEqual(expected(thread, run?.run_id ?? ''))
  })

  it.each(['', '/stream', '/wait'])('POST /runs%s says it too', async (tail) => {
    const { headers } = await alice.post(`/runs${tail}`, { assistant_id: 'echo', input: {} })
    expect(headers.get('content-location')).toMatch(/^\/runs\/[0-9a-f-]{36}$/)
    const location = {
      '': null,
      '/stream': /^\/runs\/[0-9a-f-]{36}\/stream$/,
      '/wait': /^\/threads\/.+\/runs\/.+\/join$/,
    }
    const expected = location[tail as keyof typeof location]
    if (expected) expect(headers.get('location')).toMatch(expected)
    else expect(headers.get('location')).toBeNull()
  })

  it('join and its stream say it', async () => {
    const thread = await alice.thread()
    const run = await start(thread, { assistant_id: 'echo', input: {} })
    for (const tail of ['join', 'stream']) {
      const { headers } = await alice.get(`/threads/${thread}/runs/${run}/${tail}`)
      expect(headers.get('content-location')).toBe(`/threads/${thread}/runs/${run}`)
    }
    expect((await alice.get(`/runs/${run}/stream`)).headers.get('content-location')).toBe(`/runs/${run}`)
  })
})

describe.concurrent('failures', () => {
  it.each<[string, string, Json, RegExp]>([
    ['a node that throws', 'boom', {}, /^Boo!$/],
    ['a graph that does not load', 'broken', {}, /^the file does not compile$/],
    ['a graph that is none', 'notagraph', {}, /neither a graph/],
    ['nothing to go on', 'steps', { input: null }, /./],
    ['too many steps', 'steps', { config: { recursion_limit: 1 } }, /Recursion limit of 1/],
  ])('%s: an error, and a thread that can be used again', async (_, assistant_id, more, message) => {
    const thread = await alice.thread()
    const waited = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id, input: {}, ...more })
    expect(waited.status).toBe(200)
    expect(waited.json()).toEqual({ __error__: { error: expect.any(String), message: expect.stringMatching(message) } })
    expect(waited.text).not.toMatch(/node_modules|\.ts:\d/)
    expect(await threadNow(thread)).toMatchObject({
      status: 'error',
      error: { message: expect.stringMatching(message) },
    })

    const streamed = sseEvents(
      (await alice.post(`/threads/${thread}/runs/stream`, { assistant_id, input: {}, ...more })).text,
    )
    expect(streamed.at(-1)).toMatchObject({ event: 'error', data: { message: expect.stringMatching(message) } })
    expect(
      (await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} })).json(),
    ).toHaveProperty('seen')
    expect(await threadNow(thread)).toMatchObject({ status: 'idle', error: null })
  })

  it('a join of a run that failed tells the failure', async () => {
    const thread = await alice.thread()
    const run = await start(thread, { assistant_id: 'boom', input: {} })
    expect(await ended(thread, run)).toBe('error')
    expect(await result(thread, run)).toEqual({ __error__: { error: 'TypeError', message: 'Boo!' } })
  })
})

describe.concurrent('interrupts', () => {
  it.each([
    ['interrupt_before', '*', 'a'],
    ['interrupt_before', ['b'], 'b'],
    ['interrupt_after', ['b'], 'c'],
    ['interrupt_after', '*', 'b'],
  ])('%s %j stops before %s, and goes on', async (field, nodes, next) => {
    const thread = await alice.thread()
    const waiting = await alice.post(`/threads/${thread}/runs/wait`, {
      assistant_id: 'steps',
      input: { text: 'x' },
      [field]: nodes,
    })
    expect(waiting.json()).toMatchObject({ __interrupt__: [], text: 'x' })
    expect(await threadNow(thread)).toMatchObject({ status: 'interrupted', interrupts: {} })
    expect((await alice.get(`/threads/${thread}/state`)).json()).toMatchObject({ next: [next] })
    const done = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: null })
    expect(done.json()).toMatchObject({ seen: ['a', 'b', 'c'] })
  })

  it('the stream tells what waits', async () => {
    const body = { assistant_id: 'ask', input: { text: 'ok?' }, stream_mode: ['values', 'updates'] }
    const thread = await alice.thread()
    const events = sseEvents((await alice.post(`/threads/${thread}/runs/stream`, body)).text)
    const expected = { __interrupt__: [{ id: expect.stringMatching(/^[0-9a-f]{32}$/), value: { question: 'ok?' } }] }
    expect(events.filter(({ event }) => event === 'updates').at(-1)?.data).toMatchObject(expected)
    expect(events.filter(({ event }) => event === 'values').at(-1)?.data).toMatchObject(expected)
  })

  it.each([[false], [0], [''], [{ answer: [1] }], ['yes']])('resumes with %j', async (resume) => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'ask', input: { text: '?' } })
    const done = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'ask', command: { resume } })
    expect(done.json()).toMatchObject({ seen: [resume, 'after'] })
  })

  it('resumes by the id of the interrupt', async () => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'ask', input: { text: '?' } })
    const { interrupts } = (await threadNow(thread)) as { interrupts: Record<string, { id: string }[]> }
    const id = Object.values(interrupts).flat()[0]?.id ?? ''
    const done = await alice.post(`/threads/${thread}/runs/wait`, {
      assistant_id: 'ask',
      command: { resume: { [id]: 'hi' } },
    })
    expect(done.json()).toMatchObject({ seen: ['hi', 'after'] })
  })

  it('needs a thread to resume on', async () => {
    for (const tail of ['', '/stream', '/wait']) {
      const reply = await alice.post(`/runs${tail}`, { assistant_id: 'ask', command: { resume: 'x' } })
      expect([reply.status, reply.json()]).toEqual([400, { detail: 'You must provide a thread_id when resuming.' }])
    }
  })

  it.each<[string, Json, unknown[]]>([
    ['goto', { goto: 'c' }, ['a', 'b', 'c', 'c']],
    ['goto a list', { goto: ['c'] }, ['a', 'b', 'c', 'c']],
    ['goto with an input', { goto: { node: 'c', input: {} } }, ['a', 'b', 'c', 'c']],
    ['update and goto', { update: { seen: ['new'] }, goto: 'b' }, ['a', 'b', 'c', 'new', 'b', 'c']],
    ['update as pairs', { update: [['seen', ['new']]], goto: 'c' }, ['a', 'b', 'c', 'new', 'c']],
  ])('a command: %s', async (_, command, seen) => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: { text: 'x' } })
    const done = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', command })
    expect(done.json()).toMatchObject({ seen })
  })
})

describe.concurrent('several runs on one thread', () => {
  it('enqueue: one after the other, in order', async () => {
    const thread = await alice.thread()
    const runs: string[] = []
    for (const text of ['1', '2', '3']) {
      runs.push(await start(thread, { assistant_id: 'slow', input: { ms: 80, text } }))
    }
    const statuses = async () => Promise.all(runs.map((run) => statusOf(thread, run)))
    let most = 0
    await until(
      async () => {
        const now = await statuses()
        most = Math.max(most, now.filter((status) => status === 'running').length)
        if (now.some((status) => status === 'running'))
          expect(await threadNow(thread)).toMatchObject({ status: expect.stringMatching(/busy|idle/) })
        return now
      },
      (now) => now.every((status) => status === 'success'),
    )
    expect(most).toBe(1)
    expect(await threadNow(thread)).toMatchObject({ status: 'idle', values: { text: '3' } })
  })

  it('reject: 409, and nothing is created', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(1000))
    expect(await threadNow(thread)).toMatchObject({ status: 'busy' })
    const reply = await alice.post(`/threads/${thread}/runs`, slow(1, { multitask_strategy: 'reject' }))
    expect([reply.status, reply.json()]).toEqual([
      409,
      { detail: 'Thread is already running a task. Wait for it to finish or choose a different multitask strategy.' },
    ])
    expect((await alice.get(`/threads/${thread}/runs`)).json()).toHaveLength(1)
    expect(await ended(thread, run)).toBe('success')
    expect((await alice.post(`/threads/${thread}/runs/wait`, slow(1, { multitask_strategy: 'reject' }))).status).toBe(
      200,
    )
  })

  it('interrupt: the earlier ones stop, and what they did stays', async () => {
    const thread = await alice.thread()
    const [first, second] = [await start(thread, slow(60_000)), await start(thread, slow(60_000))]
    await until(
      () => statusOf(thread, first),
      (status) => status === 'running',
    )
    await until(
      async () => (await alice.get(`/threads/${thread}/state`)).json()['next'],
      (next) => String(next) === 'wait',
    )
    const body = { assistant_id: 'echo', input: {}, multitask_strategy: 'interrupt' }
    const done = (await alice.post(`/threads/${thread}/runs/wait`, body)).json<{ seen: unknown[] }>()
    expect(done.seen[0]).toBe('begun')
    expect([await statusOf(thread, first), await statusOf(thread, second)]).toEqual(['interrupted', 'interrupted'])
    expect(await threadNow(thread)).toMatchObject({ status: 'idle' })
  })

  it('rollback: the earlier ones are gone, with what they did', async () => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: { text: 'kept' } })
    const first = await start(thread, slow(60_000))
    await until(
      async () => (await alice.get(`/threads/${thread}/state`)).json()['next'],
      (next) => String(next) === 'wait',
    )
    const body = { assistant_id: 'steps', input: {}, multitask_strategy: 'rollback' }
    const done = (await alice.post(`/threads/${thread}/runs/wait`, body)).json()
    expect(done).toMatchObject({ text: 'kept', seen: ['a', 'b', 'c', 'a', 'b', 'c'] })
    expect(await statusOf(thread, first)).toBe(404)
    const history = (await alice.get(`/threads/${thread}/history?limit=100`)).text
    expect(history).not.toContain(first)
    expect(history).not.toContain('begun')
  })

  it('after_seconds: it waits, others do not wait for it, and it says when', async () => {
    const thread = await alice.thread()
    const late = await alice.post(`/threads/${thread}/runs`, slow(1, { after_seconds: 1.5 }))
    const { run_id, created_at } = late.json()
    expect(Date.parse(String(created_at))).toBeGreaterThan(Date.now() + 200)
    const done = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} })
    expect(done.status).toBe(200)
    expect(await statusOf(thread, String(run_id))).toBe('pending')
    expect(await threadNow(thread)).toMatchObject({ status: 'busy' })
    expect(await ended(thread, String(run_id))).toBe('success')
    expect(await threadNow(thread)).toMatchObject({ status: 'idle' })
  })

  it('a state can be written only while no run is in flight', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(800))
    const write = () => alice.post(`/threads/${thread}/state`, { values: { seen: ['x'] }, as_node: 'wait' })
    expect((await write()).status).toBe(409)
    await ended(thread, run)
    expect((await write()).status).toBe(200)
  })
})

describe.concurrent('stopping', () => {
  it('cancel: at once, although the node goes on', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(60_000))
    await until(
      async () => (await alice.get(`/threads/${thread}/state`)).json()['next'],
      (next) => String(next) === 'wait',
    )
    const started = performance.now()
    expect((await alice.post(`/threads/${thread}/runs/${run}/cancel?wait=true`)).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(1000)
    expect(await statusOf(thread, run)).toBe('interrupted')
    // What the run had done by then is the state of the thread, in its row too.
    expect(await threadNow(thread)).toMatchObject({ status: 'interrupted', values: { seen: ['begun'] }, error: null })
    expect(await result(thread, run)).toHaveProperty('__error__.error', 'RunInterrupted')
    const goneOn = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'slow', input: { ms: 1 } })
    expect(goneOn.json()).toMatchObject({ seen: ['begun', 'begun', 'waited'] })
  })

  it('cancel: a run that waits for its turn leaves the one before alone', async () => {
    const thread = await alice.thread()
    const first = await start(thread, slow(1500))
    const second = await start(thread, slow(60_000))
    const third = await start(thread, slow(1))
    expect((await alice.post(`/threads/${thread}/runs/${second}/cancel?wait=1`)).status).toBe(204)
    expect(await statusOf(thread, second)).toBe('interrupted')
    expect(await statusOf(thread, first)).toBe('running')
    expect(await statusOf(thread, third)).toBe('pending')
    expect(await ended(thread, third)).toBe('success')
    expect(await statusOf(thread, first)).toBe('success')
    expect(await threadNow(thread)).toMatchObject({ status: 'idle' })
  })

  it('cancel with rollback: the run is gone, with what it did', async () => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: { text: 'kept' } })
    const before = await threadNow(thread)
    const run = await start(thread, slow(60_000))
    await until(
      async () => (await alice.get(`/threads/${thread}/state`)).json()['next'],
      (next) => String(next) === 'wait',
    )
    expect((await alice.post(`/threads/${thread}/runs/${run}/cancel?wait=1&action=rollback`)).status).toBe(204)
    expect(await statusOf(thread, run)).toBe(404)
    await sleep(100)
    const { values, status } = await threadNow(thread)
    expect([values, status]).toEqual([before['values'], 'idle'])
    expect((await alice.get(`/threads/${thread}/history?limit=100`)).text).not.toContain(run)
  })

  it('cancel: an action that is none is refused', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(1))
    expect((await alice.post(`/threads/${thread}/runs/${run}/cancel?action=explode`)).status).toBe(422)
    await ended(thread, run)
    expect((await alice.post(`/threads/${thread}/runs/${run}/cancel`)).status).toBe(202)
    expect(await statusOf(thread, run)).toBe('success')
  })

  it('deleting a run takes what it did, and leaves the rest', async () => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: { text: 'first' } })
    const run = await start(thread, { assistant_id: 'steps', input: { text: 'canary' } })
    await ended(thread, run)
    expect(await threadNow(thread)).toMatchObject({ values: { text: 'canary' } })
    expect((await alice.call('DELETE', `/threads/${thread}/runs/${run}`)).status).toBe(204)
    expect((await alice.call('DELETE', `/threads/${thread}/runs/${run}`)).status).toBe(404)
    expect(await threadNow(thread)).toMatchObject({ status: 'idle', values: { text: 'first', seen: ['a', 'b', 'c'] } })
    for (const path of ['', '/state', '/history', '/runs']) {
      expect((await alice.get(`/threads/${thread}${path}`)).text).not.toContain('canary')
    }
  })

  it('deleting the only run leaves a thread without a state', async () => {
    const thread = await alice.thread()
    const run = await start(thread, slow(60_000))
    expect((await alice.call('DELETE', `/threads/${thread}/runs/${run}`)).status).toBe(204)
    expect(await threadNow(thread)).toMatchObject({ status: 'idle', values: null, interrupts: {} })
  })

  it('deleting a thread stops its runs first', async () => {
    const thread = await alice.thread()
    const runs = [await start(thread, slow(60_000)), await start(thread, slow(60_000))]
    const joined = alice.get(`/threads/${thread}/runs/${runs[0]}/join`)
    await sleep(50)
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    expect((await joined).json()).toHaveProperty('__error__')
    for (const run of runs) expect(await statusOf(thread, run)).toBe(404)
    expect((await alice.post('/threads', { thread_id: thread })).json()).toMatchObject({ values: null })
    expect((await alice.get(`/threads/${thread}/history`)).json()).toEqual([])
  })
})

describe('runs without a thread', () => {
  it('leave nothing behind, unless they are asked to', async () => {
    const count = async () => (await alice.post('/threads/count')).json<unknown>()
    const before = await count()
    expect((await alice.post('/runs/wait', { assistant_id: 'steps', input: {} })).json()).toMatchObject({
      seen: ['a', 'b', 'c'],
    })
    await alice.post('/runs/stream', { assistant_id: 'boom', input: {} })
    const body = [1, 2, 3].map(() => ({ assistant_id: 'steps', input: {} }))
    const batch = (await alice.post('/runs/batch', body)).json<{ run_id: string; thread_id: string }[]>()
    expect(batch).toHaveLength(3)
    await until(count, (now) => now === before)
    for (const { run_id, thread_id } of batch) {
      expect((await alice.get(`/threads/${thread_id}/runs/${run_id}`)).status).toBe(404)
    }
    const kept = (await alice.post('/runs', { assistant_id: 'steps', input: {}, on_completion: 'keep' })).json()
    expect(await ended(String(kept['thread_id']), String(kept['run_id']))).toBe('success')
    expect(await threadNow(String(kept['thread_id']))).toMatchObject({
      metadata: { graph_id: 'steps' },
      values: { seen: ['a', 'b', 'c'] },
    })
  })
})

describe('restart', () => {
  it('marks the runs that were in flight', async ({ onTestFinished }) => {
    const first = await open({ graphs: testGraphs })
    onTestFinished(() => first.close())
    const client = first.as('alice')
    const thread = await client.thread()
    await client.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: { text: 'kept' } })
    const { run_id } = (await client.post(`/threads/${thread}/runs`, slow(60_000))).json()
    // A second runtime on the same storage is what a process finds that starts after a crash.
    const { openRuntime } = await import('../../src/runtime/runtime.js')
    const after = await openRuntime({ storage: first.runtime.storage, graphs: () => testGraphs })
    onTestFinished(() => after.close())
    expect((await client.get(`/threads/${thread}/runs/${run_id}`)).json()).toMatchObject({ status: 'error' })
    expect((await client.get(`/threads/${thread}`)).json()).toMatchObject({
      status: 'error',
      error: { error: 'ServerStopped' },
      values: { text: 'kept' },
    })
  })
})

it('a reader that leaves is let go', async () => {
  const thread = await alice.thread()
  const run = await start(thread, slow(300, { stream_mode: ['custom'] }))
  const response = await alice.open('GET', `/threads/${thread}/runs/${run}/stream`, undefined, { headers: everything })
  const { events, leave } = await readUntil(response, ({ event }) => event === 'custom')
  expect(names(events)).toEqual(['metadata', 'custom'])
  await leave()
  expect(await ended(thread, run)).toBe('success')
})
