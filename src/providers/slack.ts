import { refusal, withScope } from './answers.js'
import { FIXED_PORTS } from './callbacks.js'
import { nameOf, personOf } from './person.js'
import type { Json, Person, Provider, TokenAnswer } from './provider.js'
import { object, text } from './values.js'

const ERROR_NAMES = {
  bad_client_secret: 'invalid_client',
  invalid_client_id: 'invalid_client',
  bad_redirect_uri: 'invalid_grant',
  code_already_used: 'invalid_grant',
  invalid_code: 'invalid_grant',
  invalid_code_verifier: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
  token_expired: 'invalid_grant',
  token_revoked: 'invalid_grant',
  invalid_scopes: 'invalid_scope',
  internal_error: 'server_error',
  fatal_error: 'server_error',
  service_unavailable: 'temporarily_unavailable',
  ratelimited: 'temporarily_unavailable',
}

export const slack: Provider = {
  name: 'slack',
  title: 'Slack',
  checked: '2026-11',
  docs: 'https://docs.slack.dev/authentication/sign-in-with-slack/',
  issuer: 'https://slack.com',
  hasIssuer: (issuer) => issuer.origin === 'https://slack.com',
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_post',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'] },
  accessTokens: 'opaque',
  loopback: { rule: 'fixed-ports', host: 'localhost', ports: FIXED_PORTS },
  refresh: { rotates: true },
  tokenAnswer,
  person,
  revocation: ({ accessToken }) => ({
    method: 'POST',
    url: 'https://slack.com/api/auth.revoke',
    headers: { authorization: `Bearer ${accessToken}` },
  }),
  errors: {
    bad_redirect_uri: {
      code: 'provider_redirect_mismatch',
      message: 'The callback is not among the redirect URLs of the app.',
      hint: 'Add the callbacks under "OAuth & Permissions", and switch PKCE on: only then Slack takes localhost.',
    },
    bad_client_secret: {
      code: 'provider_credentials_rejected',
      message: 'Slack does not accept the client secret.',
      hint: 'Copy it again from "Basic Information", and set AUTHKIT_CLIENT_SECRET.',
    },
    invalid_client_id: {
      code: 'provider_app_missing',
      message: 'There is no app with this client id.',
      hint: 'Check --client-id: it is two numbers with a dot between them.',
    },
    invalid_team_for_non_distributed_app: {
      code: 'provider_permission_missing',
      message: 'The app is for its own workspace only.',
      hint: 'Sign in to the workspace of the app, or activate its public distribution.',
    },
  },
  pitfalls: [
    'Slack takes a callback on localhost from apps with PKCE switched on. That can not be undone, and forbids such sign-ins to ask for bot scopes.',
    'Slack answers errors with HTTP 200 and `ok: false`.',
    '`sub` is unique within a workspace only: workspace and user together say who it is.',
    'Access tokens are opaque, so a service has to ask Slack about each of them.',
    'Tokens expire only where token rotation is switched on, which can not be undone either.',
    'There is no device sign-in.',
  ],
}

/** Errors come with 200 and `ok: false`; the Web API nests the user's token beside a bot's, and puts commas between scopes. */
function tokenAnswer(body: Json, status: number): TokenAnswer {
  const { ok, error } = body
  if (ok === false || (error !== undefined && error !== null)) {
    return refusal(text(error) ?? 'invalid_request', body, status, ERROR_NAMES)
  }
  const user = object(body['authed_user'])
  if (text(user['access_token']) === undefined) return { status, body }
  // What else stands at the top belongs to the bot.
  const { access_token: _bot, refresh_token: _refresh, expires_in: _seconds, scope: _scope, ...rest } = body
  return { status, body: withScope({ ...rest, ...user, token_type: 'bearer' }, 'scope', /[ ,]+/) }
}

/** An id is unique within its workspace. An answer with `ok: false` names nobody. */
function person(claims: Json): Person | undefined {
  if (claims['ok'] === false) return undefined
  const team = text(claims['https://slack.com/team_id'])
  const user = text(claims['https://slack.com/user_id'])
  return personOf({
    subject: team !== undefined && user !== undefined ? `${team}:${user}` : undefined,
    name: nameOf(claims),
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true,
  })
}
