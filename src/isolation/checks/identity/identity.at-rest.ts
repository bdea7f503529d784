import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { authenticate } from '../../fix.js'
import { type Exchange, get, json, post } from '../../probe.js'

/** JWTs, tokens of well-known services, and long runs of hexadecimal digits. */
const TOKEN = /eyJ[\w-]{8,}|gh[opsu]_\w{16,}|\bsk-[\w-]{16,}|\bxox[abp]-[\w-]{8,}|\b[0-9a-f]{32,}\b/

/** Fields that may look like one, and are names. */
const NAMES = new Set(['identity', 'display_name', 'id', 'sub', 'user_id'])

/** Whether something that looks like a token stands among what is kept about a user. */
function keepsToken(exchange: Exchange): boolean {
  const search = (value: unknown, inUser: boolean): boolean => {
    if (typeof value === 'string') return inUser && TOKEN.test(value)
    if (value === null || typeof value !== 'object') return false
    return Object.entries(value).some(([key, inner]) => {
      if (inUser && NAMES.has(key)) return false
      return search(inner, inUser || key === 'langgraph_auth_user')
    })
  }
  return search(json(exchange), false)
}

export const identityAtRest: Check = {
  id: 'identity.at-rest',
  family: 'identity',
  resource: 'threads',
  operation: 'read',
  title: "Alice's token is not stored with what she makes",
  failure: "A token of Alice's is stored with what she makes, and returned with it",
  impact:
    'Whoever reads one run, in the database, a backup or a shared thread, can act as its user until the token expires.',
  severity: 'medium',
  refs: ['312', '522'],
  event: 'authenticate',
  fix: authenticate('return names and permissions alone: everything that authenticate returns is stored with each run'),
  needs: ['run', 'assistant'],
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect({ scene: { target }, stage, alice, stated }) {
    const thread = `/threads/${target.thread.id}`
    const found: Evidence[] = []
    for (const probe of [
      get(thread),
      get(`${thread}/runs/${target.run.id}`),
      post(`${thread}/history`, { limit: 10 }),
      get(`/assistants/${target.assistant.id}`),
      post('/runs/crons/search', { limit: 10 }),
    ]) {
      const exchange = await alice(probe)
      if (stage.client.repeatsToken(exchange)) {
        found.push(stated(exchange, 'credential', 'the token that the request was sent with'))
      } else if (keepsToken(exchange)) {
        found.push(stated(exchange, 'credential', 'something like a token in langgraph_auth_user'))
      }
    }
    return found
  },
}
