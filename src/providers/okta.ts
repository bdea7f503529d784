import { FIXED_PORTS } from './callbacks.js'
import { nameOf, personOf } from './person.js'
import type { Json, Person, Provider } from './provider.js'
import { text, within } from './values.js'

export const okta: Provider = {
  name: 'okta',
  title: 'Okta',
  checked: '2026-11',
  docs: 'https://developer.okta.com/docs/guides/implement-grant-type/authcodepkce/main/',
  issuerExample: 'https://example.okta.com/oauth2/default',
  hasIssuer: (issuer) => ['okta.com', 'oktapreview.com', 'okta-emea.com'].some((domain) => within(issuer, domain)),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  accessTokens: 'jwt',
  loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: FIXED_PORTS },
  refresh: { rotates: true },
  person,
  errors: {
    no_matching_policy: {
      code: 'provider_permission_missing',
      message: 'No access policy of the authorization server lets this application in.',
      hint: 'Add a policy with a rule for the application under Security, API, Authorization Servers.',
    },
  },
  pitfalls: [
    "Use a custom authorization server (/oauth2/default): access tokens of the organisation's own server are for Okta alone and can not be verified.",
    'A custom authorization server needs API Access Management.',
    'A custom authorization server lets nobody in until an access policy with a rule does.',
    'The audience is set at the authorization server (api://default), not in the request.',
    'In an access token `sub` is the login, which can change; `uid` is who it is.',
    'The grant type "Refresh Token" of the application must be ticked for offline_access.',
    'Callbacks are compared exactly: register each of the three ports.',
  ],
}

/** `sub` of an access token is the login, which can change; `uid` is what `sub` of an ID token is. */
function person(claims: Json): Person | undefined {
  return personOf({
    subject: text(claims['uid']) ?? text(claims['sub']),
    name: nameOf(claims),
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true,
  })
}
