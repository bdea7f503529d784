import { FIXED_PORTS } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'
import { within } from './values.js'

export const auth0: Provider = {
  name: 'auth0',
  title: 'Auth0',
  checked: '2026-11',
  docs: 'https://auth0.com/docs/get-started/auth0-overview/create-applications/native-apps',
  issuerExample: 'https://example.eu.auth0.com/',
  hasIssuer: (issuer) => within(issuer, 'auth0.com'),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_post',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  audienceParam: 'audience',
  accessTokens: 'jwt',
  loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: FIXED_PORTS },
  refresh: { rotates: true },
  person: standardPerson,
  pitfalls: [
    'Without --audience the access token is opaque, and no service can verify it. The audience is the identifier of an API that you create in Auth0.',
    '`access_denied` may mean more than that the user declined: an action of the tenant, or an API that the application may not use. The logs of the tenant say which.',
    'The issuer ends with a slash, and so does `iss` in every token.',
    'With a custom domain the issuer is that domain: configure the address that the discovery document gives.',
    'The API must have "Allow Offline Access" switched on, or no refresh token comes.',
    'Callbacks are compared exactly: register each of the three ports.',
    'The type of the application must be "Native", or the token endpoint wants a secret.',
  ],
}
