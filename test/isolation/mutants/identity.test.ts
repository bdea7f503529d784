import { prove, route } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

const RUNS = route('POST /threads/:id/runs')

/** What a run is told about its user, altered in the record of it. */
const tells = (what: (call: Call) => Record<string, unknown> | undefined, fits = RUNS, who = 'user2'): Overlay => {
  return async (call, next) => {
    const answer = await next(call)
    const told = call.user === who && fits(call) && answer.ok ? what(call) : undefined
    if (!told) return answer
    const run = (await answer.json()) as Call['json']
    Object.assign(run.kwargs.config.configurable, told)
    return Response.json(run)
  }
}

const ofConfig = (key: string) => (call: Call) => {
  const claimed = call.json.config?.configurable?.[key]
  return claimed === undefined ? undefined : { [key]: claimed }
}

/** What an assistant pins comes before who is calling. */
const stored = (): Overlay => {
  const pins = new Map<string, string>()
  const tell = tells(({ json }) => {
    const pinned = pins.get(json.assistant_id)
    return pinned === undefined ? undefined : { langgraph_auth_user_id: pinned }
  })
  return (call, next) => {
    const { assistant_id, config } = call.json
    const pinned = config?.configurable?.langgraph_auth_user_id
    if (call.path === '/assistants' && pinned !== undefined) pins.set(assistant_id, pinned)
    return tell(call, next)
  }
}

prove('identity', {
  'identity.auth-user': tells(ofConfig('langgraph_auth_user_id')),
  'identity.user-id': tells(ofConfig('user_id')),
  'identity.header': tells(({ headers }) => {
    const named = headers.get('x-user-id')
    return named === null ? undefined : { langgraph_auth_user_id: named }
  }),
  'identity.context': tells(({ json }) => (json.context?.user_id ? { user_id: json.context.user_id } : undefined)),
  'identity.stored-config': stored(),
  'identity.at-rest': tells(
    ({ headers }) => ({ langgraph_auth_user: { identity: 'user1', token: headers.get('authorization')?.slice(7) } }),
    route('GET /threads/:id/runs/:run'),
    'user1',
  ),
})
