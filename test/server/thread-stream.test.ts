import { Client } from '@langchain/langgraph-sdk'
import { beforeAll, describe, expect, it } from 'vitest'
import { sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve, type TestServer } from '../support/server.js'

let server: TestServer
beforeAll(async () => {
  server = await serve({ graphs: testGraphs })
})

/** Follows a thread until it has seen enough. */
async function follow(
  user: string,
  thread: string,
  enough: (events: { id?: string | undefined; event: string; data: unknown }[]) => boolean,
  { mode, last, meanwhile }: { mode?: string; last?: string; meanwhile?: () => Promise<unknown> } = {},
) {
  const client = new Client({ apiUrl: server.url, defaultHeaders: { authorization: `Bearer ${user}` } })
  const leaving = new AbortController()
  const events: { id?: string | undefined; event: string; data: unknown }[] = []
  const stream = client.threads.joinStream(thread, {
    signal: leaving.signal,
    ...(mode ? { streamMode: mode as never } : {}),
    ...(last ? { lastEventId: last } : {}),
  })
  const reading = (async () => {
    for await (const event of stream) {
      events.push(event as never)
      if (enough(events)) return leaving.abort()
    }
  })().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error
  })
  await sleep(50)
  await meanwhile?.()
  await Promise.race([reading, sleep(5000)])
  leaving.abort()
  return events
}

const runs = (events: { data: unknown }[]) =>
  events.filter(({ data }) => (data as { status?: string } | null)?.status === 'run_done').length

describe('a thread that is followed', () => {
  it('tells of every run on it, and of a state that was changed by hand', async () => {
    const alice = server.as('alice')
    const thread = await alice.thread()
    const play = async () => {
      await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: {} })
      await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: {}, stream_mode: 'updates' })
    }
    const all = await follow('alice', thread, (events) => runs(events) === 2, { meanwhile: play })
    const names = all.map(({ event }) => event)
    expect(names.filter((name) => name === 'metadata')).toHaveLength(4)
    expect(names).toContain('values')
    expect(names).toContain('updates')
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)

    const lifecycle = await follow('alice', thread, (events) => events.length === 2, {
      mode: 'lifecycle',
      meanwhile: play,
    })
    expect(lifecycle.map(({ event }) => event)).toEqual(['metadata', 'metadata'])

    const changed = await follow('alice', thread, (events) => events.length === 1, {
      mode: 'state_update',
      meanwhile: () => alice.post(`/threads/${thread}/state`, { values: { seen: ['by hand'] } }),
    })
    expect(changed).toMatchObject([{ event: 'state_update', data: { thread_id: thread, state: { values: {} } } }])

    const rest = await follow('alice', thread, (events) => runs(events) === 2, { last: `${all[1]?.id}` })
    expect(rest.slice(0, all.length - 2).map(({ id }) => id)).toEqual(all.slice(2).map(({ id }) => id))
  })

  it('is hidden from others before a byte is sent, and what they send as position does nothing', async () => {
    const thread = await server.as('alice').thread()
    const bob = server.as('bob')
    for (const path of [`/threads/${thread}/stream`, `/threads/${crypto.randomUUID()}/stream`]) {
      const reply = await bob.get(path, { 'last-event-id': '-' })
      expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'application/json'])
    }
    expect((await bob.get(`/threads/${thread}/stream?stream_mode=everything`)).status).toBe(422)
  })

  it('ends when the thread goes', async () => {
    const alice = server.as('alice')
    const thread = await alice.thread()
    const response = await alice.open('GET', `/threads/${thread}/stream`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const text = response.text()
    await sleep(20)
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    expect(await text).toBe('')
  })
})

describe('several runs at once are stopped', () => {
  const slow = { assistant_id: 'slow', input: { ms: 60_000 } }
  const statusOf = async (user: string, thread: string) =>
    (await server.as(user).get(`/threads/${thread}/runs`)).json<{ status: string }[]>().map(({ status }) => status)

  async function started(user: string) {
    const thread = await server.as(user).thread()
    const ids = []
    for (let run = 0; run < 2; run++) {
      ids.push((await server.as(user).post(`/threads/${thread}/runs`, slow)).json<{ run_id: string }>().run_id)
    }
    await until(
      () => statusOf(user, thread),
      (found) => found.includes('running'),
    )
    return { thread, ids }
  }

  it('by their ids, and only those that the caller may stop', async () => {
    const [alices, bobs] = [await started('alice'), await started('bob')]
    const cancel = (user: string, body: unknown, query = '') => server.as(user).post(`/runs/cancel${query}`, body)
    const ids = { thread_id: alices.thread, run_ids: alices.ids }
    expect((await cancel('bob', ids)).status).toBe(404)
    expect((await cancel('alice', { thread_id: alices.thread, run_ids: bobs.ids })).status).toBe(404)
    expect(await statusOf('alice', alices.thread)).toEqual(['pending', 'running'])
    expect((await cancel('alice', ids)).status).toBe(204)
    expect(await statusOf('alice', alices.thread)).toEqual(['interrupted', 'interrupted'])
    expect(await statusOf('bob', bobs.thread)).toEqual(['pending', 'running'])
    expect((await cancel('bob', { status: 'pending' })).status).toBe(204)
    expect(await statusOf('bob', bobs.thread)).toEqual(['interrupted', 'running'])
    expect((await cancel('bob', { status: 'all' }, '?action=rollback')).status).toBe(204)
    expect(await statusOf('bob', bobs.thread)).toEqual(['interrupted'])
    expect((await cancel('bob', { status: 'all' })).status).toBe(404)
  })

  it.each([
    ['nothing', {}],
    ['a status and ids', { status: 'all', thread_id: crypto.randomUUID(), run_ids: [crypto.randomUUID()] }],
    ['ids without their thread', { run_ids: [crypto.randomUUID()] }],
    ['a status that no run waits in', { status: 'success' }],
  ])('%s is refused', async (_, body) => {
    expect((await server.as('alice').post('/runs/cancel', body)).status).toBe(422)
  })

  it('one user spans no other: all of theirs, none of mine', async () => {
    const [alices, bobs] = [await started('alice'), await started('bob')]
    expect((await server.as('bob').post('/runs/cancel', { status: 'all' })).status).toBe(204)
    expect(await statusOf('alice', alices.thread)).toEqual(['pending', 'running'])
    expect(await statusOf('bob', bobs.thread)).toEqual(['interrupted', 'interrupted'])
    await server.as('alice').post('/runs/cancel', { status: 'all' })
  })
})
