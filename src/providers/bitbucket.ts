import { withNumbers, withScope } from './answers.js'
import { FIXED_PORTS } from './callbacks.js'
import { personOf } from './person.js'
import type { Json, Person, Provider } from './provider.js'
import { object, objects, text } from './values.js'

export const bitbucket: Provider = {
  name: 'bitbucket',
  title: 'Bitbucket Cloud',
  checked: '2026-11',
  docs: 'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/',
  oidc: false,
  endpoints: {
    authorization: 'https://bitbucket.org/site/oauth2/authorize',
    token: 'https://bitbucket.org/site/oauth2/access_token',
    userinfo: 'https://api.bitbucket.org/2.0/user',
    emails: 'https://api.bitbucket.org/2.0/user/emails',
  },
  // Whether it checks the challenge is not documented; it accepts one.
  pkce: true,
  clientAuth: 'client_secret_basic',
  publicClients: 'none',
  scopes: { separator: ' ', login: ['account', 'email'] },
  accessTokens: 'opaque',
  // A consumer has one callback.
  loopback: { rule: 'fixed-ports', host: 'localhost', ports: [FIXED_PORTS[0]] },
  refresh: { rotates: false },
  // The granted scopes come under a name of its own.
  tokenAnswer: (body, status) => ({ status, body: withScope(withNumbers(body), 'scopes', /[ ,]+/) }),
  person,
  pitfalls: [
    'Bitbucket Cloud is no OpenID provider for users: its OpenID Connect is for Pipelines only.',
    'The scopes are those ticked on the consumer; what a request asks for changes nothing.',
    'A consumer has a single callback, so `authkit login` can use a single port: it must be free.',
    'A consumer always has a secret: set AUTHKIT_CLIENT_SECRET.',
    'Nothing revokes a token. `authkit logout` forgets it; the user removes the app under "App authorizations".',
    'User names are gone from the API: the `uuid` is what stays.',
  ],
}

function person(claims: Json): Person | undefined {
  const addresses = objects(object(claims['emails'])['values'])
  const proven = addresses.find(({ is_primary, is_confirmed }) => is_primary === true && is_confirmed === true)
  return personOf({
    subject: text(claims['uuid']),
    name: text(claims['display_name']) ?? text(claims['nickname']),
    email: text(proven?.['email']),
    emailVerified: true,
  })
}
