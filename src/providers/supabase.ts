import { FIXED_PORTS } from './callbacks.js'
import { nameOf, personOf } from './person.js'
import type { Json, Person, Provider } from './provider.js'
import { object, text, within } from './values.js'

export const supabase: Provider = {
  name: 'supabase',
  title: 'Supabase',
  checked: '2026-11',
  docs: 'https://supabase.com/docs/guides/auth/oauth-server/getting-started',
  issuerExample: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
  hasIssuer: (issuer) => within(issuer, 'supabase.co'),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'email', 'profile'] },
  accessTokens: 'jwt',
  loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: FIXED_PORTS },
  refresh: { rotates: true },
  person,
  pitfalls: [
    'The OAuth 2.1 server is beta and off: switch it on under Authentication, OAuth Server, and give the project a page for consent.',
    'Callbacks are compared exactly, ports too: register each of the three.',
    'A project with a legacy JWT secret signs with HS256 and publishes no key, so nobody else can verify its tokens: move it to an asymmetric signing key.',
    'The audience of every token is `authenticated`, whatever the service.',
    '`user_metadata` is written by the user: nothing in it may decide anything.',
    'There is no device sign-in.',
  ],
}

/** The user can write `user_metadata`, `email_verified` in it too: only what Supabase says itself counts. */
function person(claims: Json): Person | undefined {
  return personOf({
    subject: text(claims['sub']) ?? text(claims['id']),
    name: nameOf(claims) ?? nameOf(object(claims['user_metadata'])),
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true || text(claims['email_confirmed_at']) !== undefined,
  })
}
