import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { said, socket } from '../../probe.js'

const SUBSCRIBE = { id: 1, method: 'subscription.subscribe', params: { channels: ['values', 'messages', 'lifecycle'] } }
const READ = { id: 2, method: 'state.get', params: {} }

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
  needs: ['run'],
  waits: true,
  together: true,
  on2xx: 'own',
  proof: 'events',
  absent: ({ client }) => (client.socket ? undefined : 'a WebSocket needs a server that is reached over the network'),
  control: ({ target }) => [socket(`/threads/${target.thread.id}/stream/events`, [SUBSCRIBE, READ])],
  requests({ target }) {
    const path = `/threads/${target.thread.id}/stream/events`
    return [
      socket(path, [SUBSCRIBE]),
      socket(path, [READ]),
      socket(path, [SUBSCRIBE, READ], { origin: 'https://evil.example' }),
    ]
  },
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
