import { ANY_PORT } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'

export const keycloak: Provider = {
  name: 'keycloak',
  title: 'Keycloak',
  checked: '2026-11',
  docs: 'https://www.keycloak.org/docs/latest/server_admin/#_oidc_clients',
  issuerExample: 'https://keycloak.example.com/realms/demo',
  hasIssuer: (issuer) => /\/realms\/[^/]+$/.test(issuer.pathname),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'] },
  accessTokens: 'jwt',
  loopback: ANY_PORT,
  refresh: { rotates: true },
  person: standardPerson,
  errors: {
    invalid_redirect_uri: {
      code: 'provider_redirect_mismatch',
      message: 'The callback is not among the valid redirect URIs of the client.',
      hint: 'Add http://127.0.0.1/callback to the valid redirect URIs of the client in the admin console.',
    },
  },
  pitfalls: [
    'The audience of an access token is `account` unless an audience mapper adds your service: without one, every token is refused for its audience.',
    'Keycloak writes the address it was reached under into `iss`. Where browsers and servers use different addresses, set the hostname options of Keycloak, and configure the external one as the issuer.',
    'A refresh token ends with the sign-on session, after 30 minutes without use unless the realm says otherwise. Ask for `offline_access` to stay signed in.',
    'A client that was made with "Client authentication" switched on has a secret: switch it off, or set AUTHKIT_CLIENT_SECRET.',
    'Device sign-in has to be switched on: "OAuth 2.0 Device Authorization Grant" of the client.',
    'An administrator can set `email_verified` by hand.',
  ],
}
