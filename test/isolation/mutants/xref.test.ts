import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { DEFAULT_SETTINGS } from '../../../src/runtime/settings.js'
import { deputy, prove, route } from '../support/mutant.js'
import { leaking, play } from '../support/play.js'
import type { Call, Next, Overlay } from '../support/world.js'

/** Webhooks may lead to this machine. */
const settings = { webhooks: { ...DEFAULT_SETTINGS.webhooks, disableLoopback: false } }

const ofBob = (call: Call, pattern: string) => call.user === 'user2' && route(pattern)(call)

/** A run that names an assistant gets its configuration, whoever owns it. */
const withAnyAssistant =
  (pattern: string): Overlay =>
  async (call, next) => {
    const { assistant_id } = call.json
    if (!ofBob(call, pattern) || assistant_id === 'agent') return next(call)
    const read = await next(call.as('user1').but({ method: 'GET', path: `/assistants/${assistant_id}` }))
    if (read.status >= 400) return next(call)
    const { config } = (await read.json()) as { config: object }
    return next(call.but({ json: { ...call.json, assistant_id: 'agent', config } }))
  }

/** Runs are looked up by their id alone. */
function byRunId(): Overlay {
  const homes = new Map<string, string>()
  return async (call, next) => {
    const [, , thread, , run] = call.path.split('/')
    const home = homes.get(run ?? '')
    const strayed = home !== undefined && home !== thread && call.user === 'user2' && !call.path.endsWith('/stream')
    const answer = await next(
      strayed
        ? call.as('user1').but({ path: call.url.pathname.replace(String(thread), home) + call.url.search })
        : call,
    )
    if (route('POST /threads/:id/runs')(call) && answer.ok) {
      const made = (await answer.clone().json()) as { run_id: string; thread_id: string }
      homes.set(made.run_id, made.thread_id)
    }
    return answer
  }
}

/** A thread's metadata says which state is its. */
const followsMetadata: Overlay = async (call, next) => {
  if (!ofBob(call, 'GET /threads/:id/state')) return next(call)
  const thread = await next(call.but({ path: call.path.replace('/state', '') }))
  const { metadata } = (await thread.json()) as { metadata?: { thread_id?: string } }
  return next(metadata?.thread_id ? call.as('user1').but({ path: `/threads/${metadata.thread_id}/state` }) : call)
}

/** Webhooks to its own routes are calls of the server's, which may do everything. */
const callsItself: Overlay = async (call, next) => {
  const { webhook, ...json } = call.json
  if (!ofBob(call, 'POST /threads/:id/runs/wait') || !String(webhook).startsWith('/')) return next(call)
  const answer = await next(call.but({ json }))
  const values = await answer.clone().json()
  await next(call.as('user1').but({ path: webhook, json: { values } }))
  return answer
}

/** Whoever's run ends, the last webhook that was named is called. */
function callsTheLast(): Overlay {
  let last = ''
  return async (call, next) => {
    const { webhook } = call.json
    if (typeof webhook === 'string') last = webhook
    const answer = await next(call)
    if (route('POST /runs/wait')(call) && call.user === 'user1' && last.startsWith('http://127.0.0.1')) {
      await fetch(last, { method: 'POST', body: await answer.clone().text() })
    }
    return answer
  }
}

const runAsAlice = (call: Call, next: Next, thread: string) => {
  const { config: _, thread_id: __, ...json } = call.json
  return next(call.as('user1').but({ path: `/threads/${thread}/runs/wait`, json }))
}

prove('xref', {
  'xref.run.assistant': withAnyAssistant('POST /threads/:id/runs/wait'),
  'xref.stateless.assistant': withAnyAssistant('POST /runs/wait'),
  'xref.config.thread-id': (call, next) => {
    const named = call.json.config?.configurable?.thread_id
    return ofBob(call, 'POST /threads/:id/runs/wait') && named ? runAsAlice(call, next, named) : next(call)
  },
  'xref.stateless.thread-id': (call, next) => {
    const named = call.json.thread_id
    return ofBob(call, 'POST /runs/wait') && named ? runAsAlice(call, next, named) : next(call)
  },
  'xref.run.checkpoint': async (call, next) => {
    const { thread_id, checkpoint_id } = call.json.checkpoint ?? {}
    if (!ofBob(call, 'POST /threads/:id/runs/wait') || !thread_id) return next(call)
    const path = `/threads/${thread_id}/state/${checkpoint_id}`
    const state = (await (await next(call.as('user1').but({ method: 'GET', path }))).json()) as { values: object }
    return Response.json(state.values)
  },
  'xref.state.checkpoint': (call, next) => {
    const named = call.json.checkpoint?.thread_id
    if (!ofBob(call, 'POST /threads/:id/history') || !named) return next(call)
    return next(call.as('user1').but({ path: `/threads/${named}/history`, json: { limit: 100 } }))
  },
  'xref.run.parent': byRunId(),
  'xref.cron.thread': deputy('POST /threads/:id/runs/crons'),
  'xref.cron.assistant': deputy((call) => route('POST /runs/crons')(call) && call.json.assistant_id !== 'agent'),
  'xref.batch': async (call, next) => {
    const answer = await next(call)
    if (ofBob(call, 'POST /threads/prune') && call.json.thread_ids?.length > 1) {
      await next(call.as('user1').but({ json: { thread_ids: call.json.thread_ids.slice(1) } }))
    }
    return answer
  },
  'xref.metadata-pointer': followsMetadata,
  'xref.webhook': callsItself,
})

/** Answers show what was asked for, in the words of servers that have nothing to show. */
function echoes(): Overlay {
  const asked = new Map<string, unknown>()
  return async (call, next) => {
    if (call.user !== 'user2') return next(call)
    const [, , thread = '', , id] = call.path.split('/')
    const { config, checkpoint, checkpoint_id } = call.json
    const none = { values: {}, next: [], tasks: [] }
    if (route('GET /threads/:id/state/:checkpoint')(call))
      return Response.json({ ...none, checkpoint: { thread_id: thread, checkpoint_id: id } })
    if (route('POST /threads/:id/state/checkpoint')(call)) return Response.json({ ...none, checkpoint })
    if (config ?? checkpoint ?? checkpoint_id) asked.set(thread, { config, checkpoint, checkpoint_id })
    const answer = await next(call)
    if (route('GET /threads/:id/runs/:run/join')(call) && answer.status === 404)
      return Response.json({ __error__: { error: 'Error', message: `Run ${call.path.split('/')[4]} not found` } })
    if (!answer.ok || !asked.has(thread) || !/^(GET .*|POST .*\/wait)$/.test(`${call.method} ${call.path}`))
      return answer
    return Response.json({ ...((await answer.json()) as object), asked: asked.get(thread) })
  }
}

describe('what is no leak', () => {
  const only = (pattern: RegExp) => CHECKS.filter(({ id }) => pattern.test(id))
  const open = ({ verdicts }: Awaited<ReturnType<typeof play>>) =>
    [...verdicts].filter(([, verdict]) => verdict !== 'isolated')

  it('to be told which ids one has asked for, or stored', async () => {
    const checks = only(/^xref\.(config|run\.checkpoint|run\.parent|state\.)/)
    expect(checks).toHaveLength(4)
    expect(open(await play({ overlay: echoes() }, { checks }))).toEqual([])
  })

  it('a cron that leaves out the thread it can not have', async () => {
    const unbound: Overlay = (call, next) => {
      if (!ofBob(call, 'POST /threads/:id/runs/crons')) return next(call)
      return next(call.but({ path: '/runs/crons' }))
    }
    const played = await play({ overlay: unbound }, { checks: only(/^xref\.cron\.thread/) })
    expect(open(played)).toEqual([])
    expect(played.remaining.crons).toBe(0)
  })

  it('a webhook that is called with what is its own', async () => {
    const played = await play({ settings }, { checks: only(/^xref\.webhook/) })
    expect(open(played)).toEqual([])
    expect(JSON.stringify(played.events)).toContain('calls webhooks on its own machine')
  })
})

it('a webhook finds a payload of somebody else at its listener', async () => {
  const checks = CHECKS.filter(({ id }) => id === 'xref.webhook')
  const played = await play({ settings, overlay: callsTheLast() }, { checks })
  expect(leaking(played)).toEqual(['xref.webhook'])
})
