import { ANY_PORT } from './callbacks.js'
import { standardPerson } from './person.js'
import type { Provider } from './provider.js'

export const gitlab: Provider = {
  name: 'gitlab',
  title: 'GitLab',
  checked: '2026-11',
  docs: 'https://docs.gitlab.com/integration/oauth_provider/',
  issuer: 'https://gitlab.com',
  issuerExample: 'https://gitlab.example.com',
  hasIssuer: (issuer) => issuer.origin === 'https://gitlab.com',
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'] },
  accessTokens: 'opaque',
  loopback: ANY_PORT,
  refresh: { rotates: true },
  person: standardPerson,
  pitfalls: [
    'The application must have each scope ticked that is asked for, `openid` too: otherwise "The requested scope is invalid".',
    'A refresh ends the old access token at once, not only the old refresh token.',
    'Untick "Confidential" for an application without a secret.',
    'Device sign-in needs GitLab 17.9 or later.',
    'The email address is the public one, where the user has one, and unverified unless `email_verified` says so.',
  ],
}
