import { refusal } from './answers.js'
import { basicAuth } from './basic-auth.js'
import { personOf } from './person.js'
import type { Json, Person, Provider, TokenAnswer } from './provider.js'
import { object, text } from './values.js'

const ERROR_NAMES = {
  unauthorized: 'invalid_client',
  service_unavailable: 'temporarily_unavailable',
  internal_server_error: 'server_error',
}

export const notion: Provider = {
  name: 'notion',
  title: 'Notion',
  checked: '2026-11',
  docs: 'https://developers.notion.com/docs/authorization',
  oidc: false,
  endpoints: {
    authorization: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    userinfo: 'https://api.notion.com/v1/users/me',
  },
  headers: { 'notion-version': '2022-06-28' },
  pkce: false,
  clientAuth: 'client_secret_basic',
  publicClients: 'none',
  scopes: { separator: ' ', login: [] },
  authorizationParams: { owner: 'user' },
  accessTokens: 'opaque',
  loopback: { rule: 'none' },
  refresh: { rotates: true },
  tokenAnswer,
  person,
  revocation: ({ clientId, clientSecret, accessToken }) =>
    clientSecret === undefined
      ? undefined
      : {
          method: 'POST',
          url: 'https://api.notion.com/v1/oauth/revoke',
          headers: {
            authorization: basicAuth(clientId, clientSecret),
            'content-type': 'application/json',
            'notion-version': '2022-06-28',
          },
          body: JSON.stringify({ token: accessToken }),
        },
  errors: {
    unauthorized: {
      code: 'provider_credentials_rejected',
      message: 'Notion does not accept the client id and the secret.',
      hint: 'Copy both again from the configuration of the connection, and set AUTHKIT_CLIENT_SECRET.',
    },
    restricted_resource: {
      code: 'provider_permission_missing',
      message: 'The connection lacks a capability.',
      hint: 'Add it in the configuration of the connection; to see addresses, "user information with email".',
    },
  },
  pitfalls: [
    'Callbacks have to be https, and there is no device sign-in: get a token elsewhere and hand it over in AUTHKIT_TOKEN.',
    'Only a public connection signs users in; an internal one has a fixed token of its own.',
    'There are no scopes. What a connection may do is set at its capabilities, and the user picks pages, or none.',
    'The token endpoint wants id and secret in an Authorization header.',
    'Each sign-in may give a new pair of tokens: keep the newest.',
    'Answers do not say when a token expires.',
  ],
}

/** Errors may come in the shape of Notion's API: `{ object: 'error', code, message }`. */
function tokenAnswer(body: Json, status: number): TokenAnswer {
  const code = text(body['code'])
  if (body['object'] !== 'error' || body['error'] !== undefined) return { status, body }
  return refusal(code ?? 'invalid_request', body, status, ERROR_NAMES)
}

/** The token is a bot's; the person who made it is its owner. In a token answer the owner stands at the top. */
function person(claims: Json): Person | undefined {
  const owner = object(claims['owner'] ?? object(claims['bot'])['owner'])
  const user = object(owner['user'])
  return personOf({
    subject: text(user['id']),
    name: text(user['name']),
    email: text(object(user['person'])['email']),
    emailVerified: false,
  })
}
