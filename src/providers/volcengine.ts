import { FIXED_PORTS } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'
import { within } from './values.js'

export const volcengine: Provider = {
  name: 'volcengine',
  title: 'Volcengine user pool',
  checked: '2026-11',
  docs: 'https://www.volcengine.com/docs/86848',
  issuerExample: 'https://userpool-00000000.userpool.auth.id.cn-beijing.volces.com',
  hasIssuer: (issuer) => within(issuer, 'volces.com') && issuer.hostname.includes('.userpool.auth.id.'),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  accessTokens: 'jwt',
  loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: FIXED_PORTS },
  refresh: { rotates: true },
  person: standardPerson,
  pitfalls: [
    "There are two callbacks, easily mixed up: that of credential hosting is one a region (https://auth.id.cn-beijing.volces.com/api/v1/oauth2callback), that of a pool which signs in through Feishu is the pool's own (/login/generic_oauth/callback). Neither is the callback of `authkit login`.",
    '`runtime_jwt_allowed_clients` of AgentKit is optional, and without it any client of the pool gets in: name the clients, in auth.ts too.',
    '"Consumer authentication failed" means that a callback hit a route that wants a token.',
    '"External identity provider misconfigured" means that the pool has a wrong app id or secret of the provider behind it.',
  ],
}
