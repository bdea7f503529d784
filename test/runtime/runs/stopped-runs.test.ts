import { describe, expect, it } from 'vitest'
import { ownerOnly } from '../../support/auth.js'
import { sleep, until } from '../../support/client.js'
import { testGraphs } from '../../support/graphs.js'
import { serve } from '../../support/server.js'

const slow = (ms: number, more: object = {}) => ({ assistant_id: 'slow', input: { ms }, ...more })

describe('a run that was stopped', () => {
  it('does not write to the thread that took the id of its own', async () => {
    const server = await serve({ auth: ownerOnly(), graphs: testGraphs })
    const [alice, bob] = [server.as('alice'), server.as('bob')]
    const thread_id = await bob.thread({})
    await bob.post(`/threads/${thread_id}/runs`, slow(400))
    await until(
      () => bob.get(`/threads/${thread_id}/state`),
      ({ text }) => text.includes('begun'),
    )
    expect((await bob.call('DELETE', `/threads/${thread_id}`)).status).toBe(204)

    expect((await alice.post('/threads', { thread_id, metadata: { graph_id: 'slow' } })).status).toBe(200)
    await sleep(600) // by now the node of Bob's run has ended too
    expect((await alice.get(`/threads/${thread_id}/state`)).json()).toMatchObject({ values: {}, next: [] })
    expect((await alice.get(`/threads/${thread_id}/runs`)).json()).toEqual([])
    expect((await alice.get(`/threads/${thread_id}`)).json()).toMatchObject({ status: 'idle', values: null })
  })

  it.each(['cancel', 'delete'])('ends at once, although its graph never loads: %s', async (how) => {
    const never = { load: async () => () => new Promise(() => {}) }
    const server = await serve({ auth: ownerOnly(), graphs: { ...testGraphs, never }, jobs: 1 })
    const alice = server.as('alice')
    const thread_id = await alice.thread({})
    const { run_id } = (await alice.post(`/threads/${thread_id}/runs`, { assistant_id: 'never', input: {} })).json()
    await until(
      () => alice.get(`/threads/${thread_id}/runs/${run_id}`),
      (run) => run.json()['status'] === 'running',
    )
    const ended =
      how === 'cancel'
        ? await alice.post(`/threads/${thread_id}/runs/${run_id}/cancel?wait=1`)
        : await alice.call('DELETE', `/threads/${thread_id}`)
    expect(ended.status).toBe(204)
    // The only slot is free again.
    expect((await alice.post('/runs/wait', { assistant_id: 'echo', input: {} })).status).toBe(200)
  })

  it('goes with its thread when an assistant is deleted with its threads, whatever else comes meanwhile', async () => {
    const server = await serve({ auth: ownerOnly(), graphs: testGraphs })
    const [alice, bob] = [server.as('alice'), server.as('bob')]
    const assistant_id = await bob.assistant({ graph_id: 'slow' })
    const thread_id = await bob.thread({})
    const more = () => bob.post(`/threads/${thread_id}/runs`, { ...slow(60), assistant_id })
    await more()
    const deleted = bob.call('DELETE', `/assistants/${assistant_id}?delete_threads=true`)
    const late = Promise.all(Array.from({ length: 10 }, more))
    expect((await deleted).status).toBe(204)
    const made = await alice.post('/threads', { thread_id, metadata: { graph_id: 'slow' } })
    await late
    await sleep(300)
    expect(made.status).toBe(200)
    expect((await alice.get(`/threads/${thread_id}/runs`)).json()).toEqual([])
    expect((await alice.get(`/threads/${thread_id}/state`)).json()).toMatchObject({ values: {} })
  })
})

it('a delay that is longer than a timer can wait is waited all the same', async () => {
  const server = await serve({ auth: ownerOnly(), graphs: testGraphs })
  const alice = server.as('alice')
  const thread_id = await alice.thread({})
  const run = await alice.post(`/threads/${thread_id}/runs`, slow(1, { after_seconds: 31_536_000 }))
  await sleep(100)
  const { status } = (await alice.get(`/threads/${thread_id}/runs/${run.json()['run_id']}`)).json()
  expect(status).toBe('pending')
})
