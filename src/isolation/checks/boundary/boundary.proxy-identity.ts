import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { get, type Probe } from '../../probe.js'

const IDENTITY_HEADERS = [
  'x-forwarded-user',
  'x-user-id',
  'x-auth-user',
  'x-remote-user',
  'x-authenticated-userid',
  'x-owner',
]
const LOCAL_HEADERS = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }

export const boundaryProxyIdentity: Check = {
  id: 'boundary.proxy-identity',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} does not become Alice by naming her in a header',
  failure: '{who} became Alice by naming her in a header',
  severity: 'critical',
  refs: ['API2', '290', '807'],
  event: 'authenticate',
  fix: authenticate('take the identity from the verified token only, never from a header that a client can set'),
  actors: ['nobody', 'bob'],
  needs: ['thread', 'identity'],
  // Some servers read what is refused as null.
  on2xx: 'leak-unless-empty',
  proof: 'data',
  requests({ target, identity }) {
    const each = IDENTITY_HEADERS.map((name): Record<string, string> => ({ [name]: identity.target }))
    return [...each, LOCAL_HEADERS, Object.assign({}, ...each, LOCAL_HEADERS)].map(
      (headers): Probe => ({ ...get(`/threads/${target.thread.id}`), disguise: { headers } }),
    )
  },
}
