import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { type Probe, post, said, socket } from '../../probe.js'

const SUBSCRIBE = { id: 1, method: 'subscription.subscribe', params: { channels: ['values', 'messages', 'lifecycle'] } }
const READ = { id: 2, method: 'state.get', params: {} }

/** On a thread without a state and without an input no step is taken, so it costs nothing. */
const start = (thread: string, agent: string): Probe =>
  post(`/threads/${thread}/commands`, { id: 3, method: 'run.start', params: { assistant_id: agent, input: null } })

export const streamWebsocket: Check = {
  id: 'stream.websocket',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't follow Alice's thread over a WebSocket",
  failure: "{who} followed Alice's thread over a WebSocket",
  impact:
    'Events arrive as soon as the connection is open. Where any page may open one, a visit to it with a session is enough.',
  severity: 'critical',
  refs: ['1385', '639'],
  event: 'threads:read',
  fix: serverBug('the handshake must ask who is calling and threads:read, and each message again'),
  actors: ['bob', 'nobody'],
  needs: ['bare'],
  mutates: true,
  afterCheck: false,
  waits: true,
  on2xx: 'own',
  proof: 'events',
  absent: ({ client }) => (client.socket ? undefined : 'a WebSocket needs a server that is reached over the network'),
  control: ({ target }) => [socket(`/threads/${target.bare.id}/stream/events`, [SUBSCRIBE, READ])],
  requests({ target }) {
    const path = `/threads/${target.bare.id}/stream/events`
    return [
      socket(path, [SUBSCRIBE]),
      socket(path, [READ]),
      { ...socket(path, [SUBSCRIBE]), disguise: { headers: { authorization: null, 'x-auth-scheme': 'langsmith' } } },
      socket(path, [SUBSCRIBE, READ], { origin: 'https://evil.example' }),
    ]
  },
  // What happened before they listen is told them as much as what happens then.
  prepare: ({ target, agent }) => [start(target.bare.id, agent)],
  meanwhile: ({ target, agent }) => [start(target.bare.id, agent)],
  // An event that shows nothing planted is one of hers all the same.
  async inspect({ exchanges, stated }) {
    return exchanges.flatMap((exchange) => {
      const events = said(exchange).filter((message) => (message as { type?: unknown } | null)?.type === 'event')
      return exchange.status === 101 && events.length > 0
        ? [stated(exchange, 'events', `${events.length} events of Alice's thread`)]
        : []
    })
  },
}
