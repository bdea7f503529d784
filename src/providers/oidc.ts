import { ANY_PORT } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'

/** Whatever keeps to the standards: OpenID Connect Core and Discovery, RFC 7636, RFC 8252, RFC 8707. */
export const oidc: Provider = {
  name: 'oidc',
  title: 'Any OpenID provider',
  checked: '2026-11',
  docs: 'https://openid.net/specs/openid-connect-core-1_0.html',
  issuerExample: 'https://login.example.com',
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  // OpenID Connect Core 11: offline access is granted with consent only.
  authorizationParams: { prompt: 'consent' },
  audienceParam: 'resource',
  accessTokens: 'jwt',
  loopback: ANY_PORT,
  refresh: { rotates: true },
  person: standardPerson,
  pitfalls: [
    'The issuer must be spelled exactly as the discovery document spells it: a slash at the end counts.',
    'Without an audience of your own, an access token may be meant for somebody else, or be opaque.',
    'Some providers compare the port of the callback too. Register the callback with a port, and give it with --port.',
    'An address counts as verified where the provider says so: whether it deserves that trust is for you to know.',
  ],
}
