import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { get } from '../../probe.js'

const IDENTITY_HEADERS = [
  'x-forwarded-user',
  'x-user-id',
  'x-auth-user',
  'x-remote-user',
  'x-authenticated-userid',
  'x-owner',
]
const LOCAL_HEADERS = [{ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }, { host: 'localhost' }]

export const boundaryProxyIdentity: Check = {
  id: 'boundary.proxy-identity',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} does not become Alice by naming her in a header',
  failure: '{who} became Alice by naming her in a header',
  impact: 'Whoever reaches the server without its proxy is any user he likes to name.',
  severity: 'critical',
  refs: ['API2', '290', '807'],
  event: 'authenticate',
  fix: authenticate('take the identity from the verified token only, never from a header that a client can set'),
  actors: ['nobody', 'bob'],
  needs: ['thread', 'identity'],
  // Some servers read what is refused as null.
  on2xx: 'leak-unless-empty',
  // A server that knows its own names only may well refuse the request for its Host.
  accepts: [421],
  proof: 'data',
  straight: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests({ target, identity }) {
    const each = IDENTITY_HEADERS.map((name): Record<string, string> => ({ [name]: identity.target }))
    const together: Record<string, string> = Object.assign({}, ...each, ...LOCAL_HEADERS)
    return [...each, ...LOCAL_HEADERS, together].map((headers) => ({
      ...get(`/threads/${target.thread.id}`),
      disguise: { headers },
    }))
  },
}
