import { newCanary } from '../../canary.js'
import type { Check, Scene } from '../../check.js'
import { serverBug } from '../../fix.js'
import {
  type Exchange,
  get,
  isEmptyAnswer,
  type Probe,
  patch,
  post,
  routeOf,
  succeeded,
  withoutIds,
} from '../../probe.js'

function routes(thread: string, assistant: string, { agent, message, halt }: Scene): Probe[] {
  // Not the marker: what it writes where another check leaks is that check's finding.
  const word = newCanary()
  return [
    get(`/threads/${thread}`),
    get(`/threads/${thread}/state`),
    get(`/threads/${thread}/history`),
    get(`/threads/${thread}/runs`),
    patch(`/threads/${thread}`, { metadata: { iso_mark: word } }),
    post(`/threads/${thread}/state`, { values: message(word), as_node: '__start__' }),
    post(`/threads/${thread}/copy`),
    post(`/threads/${thread}/runs`, { assistant_id: agent, input: message(word), ...halt }),
    get(`/assistants/${assistant}`),
    post(`/assistants/${assistant}/versions`, {}),
    patch(`/assistants/${assistant}`, { metadata: { iso_mark: word } }),
  ]
}

/** A success with content is another check's finding. */
const served = (exchange: Exchange) => succeeded(exchange) && !isEmptyAnswer(exchange)

export const oracleStatus: Check = {
  id: 'oracle.status',
  family: 'oracle',
  resource: 'threads',
  operation: 'read',
  title: "Bob can't tell Alice's objects from ones that don't exist",
  failure: "Bob can tell Alice's objects from ones that don't exist",
  severity: 'low',
  refs: ['203', '204'],
  event: null,
  fix: serverBug('an object that a filter hides must be answered like one that is not there, status and body'),
  needs: ['thread', 'assistant'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`), get(`/assistants/${target.assistant.id}`)],
  proof: 'data',
  requests: () => [],
  async inspect({ scene, attack, stated }) {
    const ask = async (probes: readonly Probe[]) => {
      const exchanges: Exchange[] = []
      for (const probe of probes) exchanges.push(await attack(probe))
      return exchanges
    }
    const { target, absent } = scene
    const hidden = await ask(routes(target.thread.id, target.assistant.id, scene))
    const missing = await ask(routes(absent(), absent(), scene))
    const again = await ask(routes(absent(), absent(), scene))
    const open = [...hidden, ...missing, ...again].find(({ status }) => status === 0 || status === 429 || status >= 500)
    if (open) return { kind: 'inconclusive', reason: `${open.status || 'no answer'} on ${routeOf(open.probe)}` }
    return hidden.flatMap((exchange, index) => {
      const other = missing[index]
      const third = again[index]
      if (!other || !third || served(exchange)) return []
      if (exchange.status !== other.status) {
        return [stated(exchange, 'existence', `${exchange.status}, and ${other.status} for an id that does not exist`)]
      }
      const [body, otherBody, thirdBody] = [exchange, other, third].map((answer) => withoutIds(answer.body))
      // A body that differs between two absent ids carries something random, and says nothing.
      if (otherBody !== thirdBody || body === otherBody) return []
      return [stated(exchange, 'existence', `${exchange.status} with another body than for an id that does not exist`)]
    })
  },
}
