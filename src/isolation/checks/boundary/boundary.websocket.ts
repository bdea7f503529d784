import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { get, socket } from '../../probe.js'

const SUBSCRIBE = { id: 1, method: 'subscription.subscribe', params: { channels: ['values', 'messages', 'lifecycle'] } }

export const boundaryWebsocket: Check = {
  id: 'boundary.websocket',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} opens no WebSocket, and no page of another site opens one with a cookie',
  failure: '{who}, or a page of another site, opened a WebSocket and was told what happens in the thread',
  impact:
    'Browsers open WebSockets for every page and send cookies along, so any site that Alice visits can listen to her threads.',
  severity: 'high',
  refs: ['API2', '1385'],
  event: 'authenticate',
  fix: authenticate('ask for a token in the handshake, and compare the Origin header when it came as a cookie'),
  actors: ['nobody'],
  needs: ['thread'],
  waits: true,
  on2xx: 'own',
  // 426 and 404 say that there is nothing to upgrade to.
  accepts: [426],
  // A connection may well stay silent until something happens.
  proof: 'success',
  absent: ({ client }) => (client.socket ? undefined : 'there is no connection that could be upgraded'),
  straight: ({ target }) => [get(`/threads/${target.thread.id}/state`)],
  requests({ target }) {
    const probe = socket(`/threads/${target.thread.id}/stream/events`, [SUBSCRIBE])
    const headers = { cookie: 'token={alice}; session={alice}', origin: 'https://evil.example' }
    return [probe, { ...probe, disguise: { headers } }]
  },
}
