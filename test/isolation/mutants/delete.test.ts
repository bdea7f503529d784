import { deputy, prove, route } from '../support/mutant.js'
import type { Overlay } from '../support/world.js'

/** Deleting an assistant takes all threads that name it, whoever made them. */
const cascade: Overlay = async (call, next) => {
  const [, assistant] = /^\/assistants\/([^/]+)$/.exec(call.path) ?? []
  const taken = call.method === 'DELETE' && call.user === 'user2' && call.url.searchParams.has('delete_threads')
  if (assistant && taken) {
    const search = call.as('user1').but({
      method: 'POST',
      path: '/threads/search',
      json: { metadata: { assistant_id: assistant }, limit: 1000 },
    })
    for (const { thread_id } of (await (await next(search)).json()) as { thread_id: string }[]) {
      await next(call.as('user1').but({ path: `/threads/${thread_id}` }))
    }
  }
  return next(call)
}

/** The state of a deleted thread is still there for who creates one under its id. */
const residue = (): Overlay => {
  const left = new Map<string, string>()
  return async (call, next) => {
    const state = `${call.path}/state`
    if (route('DELETE /threads/:id')(call) && call.user === 'user1') {
      left.set(state, await (await next(call.but({ method: 'GET', path: state }))).text())
    }
    const answer = await next(call)
    const found = left.get(call.path)
    const his = call.user === 'user2' && call.method === 'GET' && answer.ok && found !== undefined
    return his ? new Response(found, { headers: { 'content-type': 'application/json' } }) : answer
  }
}

/** The events of a run outlive it. */
const replay = (): Overlay => {
  const logs = new Map<string, string>()
  const gone = new Set<string>()
  return async (call, next) => {
    const [, run = ''] = /\/runs\/([^/]+)(\/stream)?$/.exec(call.path) ?? []
    if (call.method === 'DELETE') gone.add(run)
    const log = logs.get(run)
    if (call.user === 'user2' && call.path === `/runs/${run}/stream` && gone.has(run) && log !== undefined) {
      return new Response(log, { headers: { 'content-type': 'text/event-stream' } })
    }
    const answer = await next(call)
    if (call.user !== 'user1' || !call.path.endsWith('/stream') || !answer.ok) return answer
    const text = await answer.text()
    logs.set(run, text)
    return new Response(text, answer)
  }
}

prove('delete', {
  'thread.delete': deputy('DELETE /threads/:id'),
  'run.delete': deputy('DELETE /threads/:id/runs/:run'),
  'assistant.delete': deputy('DELETE /assistants/:id'),
  'assistant.delete.cascade': cascade,
  'cron.delete': deputy('DELETE /runs/crons/:id'),
  'delete.residue': residue(),
  'delete.replay': replay(),
})
