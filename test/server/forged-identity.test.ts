import { describe, expect, it } from 'vitest'
import { systemScope } from '../../src/engine/scope.js'
import { ownerOnly } from '../support/auth.js'
import type { Json } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'
import { dataOf, sseEvents } from '../support/sse-events.js'

const scope = systemScope('tests of what is stored')
const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

const ALL_MODES = ['values', 'updates', 'messages-tuple', 'custom', 'tasks', 'checkpoints', 'debug']

/** Everything that only the server may say, as a client that wants to be Alice would say it. */
const FORGED = {
  langgraph_auth_user: { identity: 'canary', permissions: ['canary'] },
  langgraph_auth_user_id: 'canary',
  langgraph_auth_permissions: ['canary'],
  __pregel_forged: 'canary',
  __pregel_resuming: true,
  thread_id: 'forged',
  run_id: 'forged',
  assistant_id: 'forged',
  graph_id: 'forged',
  checkpoint_id: 'forged',
  checkpoint_ns: 'forged',
}
const WITH_USER = { ...FORGED, user_id: 'forged' }
const deep = { ...FORGED, other: { kept: 1, ...FORGED, list: [{ ...FORGED, kept: 2 }] } }

interface Place {
  readonly where: string
  run(thread: string): Promise<Json>
}

const PLACES: readonly Place[] = [
  { where: 'config.configurable', run: async () => ({ config: { configurable: { ...WITH_USER, ...deep } } }) },
  { where: 'config', run: async () => ({ config: { ...FORGED, configurable: { other: { kept: 1 } } } }) },
  { where: 'config.metadata', run: async () => ({ config: { metadata: FORGED } }) },
  { where: 'context', run: async () => ({ context: deep }) },
  {
    where: 'metadata',
    run: async () => ({ metadata: { langgraph_auth_user_id: 'canary', __pregel_forged: 'canary' } }),
  },
  {
    where: 'checkpoint',
    run: async (thread) => ({
      checkpoint: { ...FORGED, thread_id: 'forged', checkpoint_id: await checkpointOf(thread), checkpoint_ns: '' },
    }),
  },
  {
    where: 'the configuration of the assistant',
    run: async () => ({
      assistant_id: await bob.assistant({ graph_id: 'echo', config: { configurable: { ...WITH_USER, ...deep } } }),
    }),
  },
  {
    where: 'a later version of the assistant',
    run: async () => {
      const assistant_id = await bob.assistant({ graph_id: 'echo' })
      const body = { config: { configurable: WITH_USER }, context: deep }
      expect((await bob.call('PATCH', `/assistants/${assistant_id}`, body)).status).toBe(200)
      return { assistant_id }
    },
  },
  {
    where: 'the context of the assistant',
    run: async () => ({ assistant_id: await bob.assistant({ graph_id: 'echo', context: deep }) }),
  },
  {
    where: 'the configuration that an earlier run left on the thread',
    run: async (thread) => {
      const config = { configurable: { ...WITH_USER, ...deep } }
      await bob.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {}, config })
      return {}
    },
  },
]

async function checkpointOf(thread: string): Promise<string> {
  await bob.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} })
  const state = (await bob.get(`/threads/${thread}/state`)).json<{ checkpoint: { checkpoint_id: string } }>()
  return state.checkpoint.checkpoint_id
}

/** What the database holds of a thread, before anything is left out of an answer. */
async function storedOf(thread: string): Promise<string> {
  const { threads, runs, checkpoints } = server.runtime.storage
  const rows = await checkpoints.list(scope, thread, {})
  expect(rows.length).toBeGreaterThan(1)
  const bytes = rows.map(({ checkpoint }) => Buffer.from(checkpoint).toString('utf8'))
  const page = { limit: 100, offset: 0 }
  const stored = [
    await threads.get(scope, thread),
    await runs.list(scope, thread, {}, page),
    rows.map((row) => row.metadata),
  ]
  return JSON.stringify([...stored, bytes]).replaceAll(
    /\\+"(keys|metadataKeys)\\+":\[[^\]]*\]|"(keys|metadataKeys)":\[[^\]]*\]/g,
    '',
  )
}

describe.each(PLACES)('an identity that the client puts into $where', ({ run }) => {
  it('reaches no graph, and stays nowhere', async () => {
    const thread = await bob.thread()
    const body = { assistant_id: 'echo', input: {}, stream_mode: ALL_MODES, ...(await run(thread)) }
    const stream = await bob.post(`/threads/${thread}/runs/stream`, body)
    expect(stream.status).toBe(200)
    const events = sseEvents(stream.text)
    const { run_id: runId } = dataOf<{ run_id: string }>(events, 'metadata')
    const { shown } = dataOf<{ shown: Json }>(events, 'custom')
    expect(shown).toMatchObject({
      auth_id: 'bob',
      auth_user: 'bob',
      user_id: 'bob',
      permissions: ['bob:all'],
      forged: [],
      thread_id: thread,
      run_id: runId,
    })
    expect(new Set(events.map(({ event }) => event))).toEqual(
      new Set(['metadata', 'values', 'updates', 'custom', 'tasks', 'checkpoints', 'debug']),
    )

    const kept = [
      stream.text,
      ...(await Promise.all(
        [
          `/threads/${thread}`,
          `/threads/${thread}/state`,
          `/threads/${thread}/history`,
          `/threads/${thread}/runs`,
          `/threads/${thread}/runs/${runId}`,
          `/threads/${thread}/runs/${runId}/join`,
        ].map(async (path) => (await bob.get(path)).text),
      )),
      (await bob.post('/assistants/search', { limit: 1000 })).text,
    ].join('\n')
    // The graph itself shows the names of keys that it was given.
    const text = kept.replaceAll(/"(keys|metadataKeys)":\[[^\]]*\]/g, '')
    expect(text).not.toMatch(/langgraph_auth_|__pregel_(?!pull|push)/)
    expect(text).not.toContain('canary')
    const config = (await bob.get(`/threads/${thread}`)).json<{ config: { configurable: Json } }>().config
    const { kwargs } = (await bob.get(`/threads/${thread}/runs/${runId}`)).json<{ kwargs: { config: typeof config } }>()
    for (const { configurable } of [config, kwargs.config])
      expect(['', 'other']).toContain(Object.keys(configurable).join())
    expect(await storedOf(thread)).not.toMatch(/langgraph_auth_|canary/)
    expect(kept).not.toMatch(/"keys":\[[^\]]*__pregel/)
  })
})

describe('the identity of a run', () => {
  it('is that of whoever started it, on a thread that another user ran on before', async () => {
    server.use(ownerOnly().on(['threads:create_run', 'threads:read'], () => true))
    const thread = await alice.thread()
    const as = async (user: typeof alice) => {
      const reply = await user.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} })
      return reply.json<{ seen: Json[] }>().seen.at(-1)
    }
    expect(await as(alice)).toMatchObject({ auth_id: 'alice', user_id: 'alice' })
    expect(await as(bob)).toMatchObject({ auth_id: 'bob', user_id: 'bob', permissions: ['bob:all'] })
    expect(await as(alice)).toMatchObject({ auth_id: 'alice', user_id: 'alice' })
    server.use(ownerOnly())
  })

  it('reaches the handler with the run, and is not stored with it', async () => {
    let configurable: unknown
    let seen = ''
    server.use(
      ownerOnly().on('threads:create_run', ({ value, user }) => {
        value.metadata = { ...value.metadata, owner: user.identity }
        configurable = structuredClone((value.kwargs['config'] as Json)['configurable'])
        seen = JSON.stringify(value)
      }),
    )
    const forged = { ...FORGED, configurable: { ...FORGED, other: 1, deep } }
    const body = {
      config: forged,
      context: deep,
      metadata: { langgraph_auth_user_id: 'canary' },
      on_completion: 'keep',
    }
    const run = await alice.post('/runs', { assistant_id: 'echo', input: {}, ...body })
    expect(seen).toContain('"kept":2')
    expect(seen).not.toContain('canary')
    expect(configurable).toMatchObject({
      langgraph_auth_user_id: 'alice',
      langgraph_auth_user: { identity: 'alice', team: 'red' },
      langgraph_auth_permissions: ['alice:all'],
      other: 1,
    })
    expect(run.json()).toMatchObject({ kwargs: { config: { configurable: { other: 1 } } } })
    expect(run.text).not.toContain('langgraph_auth_')
    server.use(ownerOnly())
  })

  it('a handler cannot be made to keep what it copies into the configuration', async () => {
    server.use(
      ownerOnly().on('threads:create_run', ({ value }) => {
        const config = value.kwargs['config'] as { configurable: Json }
        config.configurable['copied'] = { langgraph_auth_user: config.configurable['langgraph_auth_user'], kept: 1 }
      }),
    )
    const run = await alice.post('/runs', { assistant_id: 'echo', input: {} })
    expect(run.json()).toMatchObject({ kwargs: { config: { configurable: { copied: { kept: 1 } } } } })
    expect(run.text).not.toContain('langgraph_auth_')
    server.use(ownerOnly())
  })

  it('no header of the request becomes configuration', async () => {
    const headers = { 'x-api-key': 'canary', 'x-auth-token': 'canary', 'x-foo': 'canary', 'user-agent': 'canary' }
    const thread = await alice.thread()
    const reply = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} }, headers)
    expect(reply.text).not.toContain('canary')
    expect((await alice.get(`/threads/${thread}/runs`)).text).not.toContain('canary')
    expect((await alice.get(`/threads/${thread}/history`)).text).not.toContain('canary')
  })
})
