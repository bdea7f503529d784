import type { Check } from '../../check.js'
import { answerToAnything, everyDoor } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'
import { onlyReads } from '../../ledger/ledger.js'
import { del, get, patch, post, put, routeOf, succeeded } from '../../probe.js'

export const boundaryNoToken: Check = {
  id: 'boundary.no-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} is refused on every kind of route',
  failure: '{who} was served',
  impact:
    'Anybody who can reach the server reads, changes or runs what this route offers, without an account and without a trace of who it was.',
  severity: 'critical',
  refs: ['API2', '306'],
  event: 'authenticate',
  fix: authenticate('let authenticate refuse a request that has no authorization header'),
  actors: ['nobody'],
  needs: ['played'],
  wants: ['item', 'assistant'],
  // It gets objects of its own, because it tries to change and to delete them as well.
  mutates: true,
  on2xx: 'leak-unless-empty',
  proof: 'success',
  requests(scene) {
    const { target, agent, halt, marker, message } = scene
    const { thread, run } = target
    const mark = { iso_mark: marker }
    const assistant = target.has('assistant') ? `/assistants/${target.assistant.id}` : undefined
    const reads = [
      post(`/threads/${thread.id}/history`),
      get(`/threads/${thread.id}/runs`),
      get(`/threads/${thread.id}/runs/${run.id}`),
      get(`/threads/${thread.id}/runs/${run.id}/join`),
      ...(assistant ? [get(assistant), post(`${assistant}/versions`)] : []),
    ]
    const writes = [
      patch(`/threads/${thread.id}`, { metadata: mark }),
      post(`/threads/${thread.id}/state`, { values: message(marker), as_node: '__start__' }),
      post(`/threads/${thread.id}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
      post(`/threads/${thread.id}/copy`),
      ...(assistant ? [patch(assistant, { metadata: mark })] : []),
      ...(target.has('item')
        ? [put('/store/items', { namespace: target.item.namespace, key: target.item.key, value: mark })]
        : []),
    ]
    const deletes = [
      ...(assistant ? [del(assistant)] : []),
      ...(target.has('item') ? [del('/store/items', { namespace: target.item.namespace, key: target.item.key })] : []),
      del(`/threads/${thread.id}`),
    ]
    return [...everyDoor(scene), ...reads, ...writes, ...deletes]
  },
  async inspect(inspection) {
    const { exchanges, stated } = inspection
    const anything = await answerToAnything(inspection)
    return exchanges
      .filter((exchange) => succeeded(exchange) && exchange.body !== anything && !onlyReads(exchange.probe))
      .map((exchange) => stated(exchange, 'answer', `${routeOf(exchange.probe)} was done for nobody`))
  },
}
