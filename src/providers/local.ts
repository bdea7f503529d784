import { ANY_PORT } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'

/** Where `authkit dev` serves its own OpenID provider: `http://127.0.0.1:2024/_authkit/oidc`. */
export const LOCAL_ISSUER_PATH = '/_authkit/oidc'

/** The application that `authkit login` is to that provider: public, with any loopback callback and the device flow. */
export const LOCAL_CLIENT_ID = 'authkit-cli'

export const local: Provider = {
  name: 'local',
  title: 'Local issuer of authkit dev',
  checked: '2026-11',
  docs: 'https://openid.net/specs/openid-connect-core-1_0.html',
  issuerExample: `http://127.0.0.1:2024${LOCAL_ISSUER_PATH}`,
  hasIssuer: ({ hostname, pathname }) =>
    ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && pathname === LOCAL_ISSUER_PATH,
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  clientId: LOCAL_CLIENT_ID,
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  authorizationParams: { prompt: 'consent' },
  audienceParam: 'resource',
  accessTokens: 'jwt',
  loopback: ANY_PORT,
  // `authkit dev` asks its issuer about each token.
  refresh: { rotates: true, endsAccess: true },
  person: standardPerson,
  pitfalls: [
    'It is for development: anybody who reaches it signs in as anybody. It listens on this machine alone.',
    'Another port is another issuer, so a profile belongs to the port it was made at.',
  ],
}
