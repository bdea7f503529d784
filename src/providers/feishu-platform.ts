import { refusal } from './answers.js'
import { FIXED_PORTS } from './callbacks.js'
import { personOf } from './person.js'
import type { Json, Person, Provider, TokenAnswer } from './provider.js'
import { object, text } from './values.js'

/** Numeric codes of the token endpoint, in the words of RFC 6749 5.2. */
const ERROR_NAMES = {
  '20002': 'invalid_client',
  '20048': 'invalid_client',
  '20003': 'invalid_grant',
  '20004': 'invalid_grant',
  '20026': 'invalid_grant',
  '20037': 'invalid_grant',
  '20064': 'invalid_grant',
  '20065': 'invalid_grant',
  '20073': 'invalid_grant',
  '20027': 'invalid_scope',
  '20043': 'invalid_scope',
  '20068': 'invalid_scope',
  '20050': 'temporarily_unavailable',
  '20072': 'temporarily_unavailable',
}

/** The platform that Feishu (mainland China) and Lark (elsewhere) share: hosts differ, rules do not. */
export function feishuPlatform(own: {
  readonly name: string
  readonly title: string
  readonly docs: string
  readonly accounts: string
  readonly open: string
}): Provider {
  return {
    name: own.name,
    title: own.title,
    checked: '2026-11',
    docs: own.docs,
    oidc: false,
    endpoints: {
      authorization: `${own.accounts}/open-apis/authen/v1/authorize`,
      token: `${own.accounts}/oauth/v3/token`,
      userinfo: `${own.open}/open-apis/authen/v1/user_info`,
      revocation: `${own.accounts}/oauth/v1/revoke`,
      device: `${own.accounts}/oauth/v1/device_authorization`,
    },
    pkce: true,
    clientAuth: 'client_secret_post',
    publicClients: 'none',
    scopes: {
      separator: ' ',
      login: [],
      offline: 'offline_access',
      refused: ['openid', 'profile', 'email', 'address', 'phone'],
    },
    accessTokens: 'opaque',
    loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: FIXED_PORTS },
    refresh: { rotates: true },
    tokenAnswer,
    person,
    errors: errorsOf(own.title),
    pitfalls: [
      `${own.title} is no OpenID provider: it answers \`openid\` and \`profile\` with error 20043.`,
      'Every change to an app counts only once a version with it is published, callbacks and permissions too.',
      'A callback that is not listed ends in error 20029 on a page of the vendor: `authkit login` sees nothing of it until its timeout.',
      'Each callback is compared exactly, so all three have to be listed. `#` in it breaks the answer.',
      'No refresh token comes unless the app has the permission `offline_access` and sign-in asks for it.',
      'A refresh token works once and lives for a week.',
      'Granted scopes pile up: a later sign-in has all that were ever granted.',
      'Name and id need no scope; the address needs `contact:user.email:readonly`. It is entered by an administrator and verified by nobody.',
      'The challenge method is `plain` unless a request says S256, as `authkit login` does.',
      'Only users in the availability range of the app can sign in: error 20010 for the others.',
    ],
  }
}

/** OAuth fields with a `code` beside them: 0, or a number that says what is wrong better than `error` does. */
function tokenAnswer(body: Json, status: number): TokenAnswer {
  const { code, error } = body
  if (!failed(code) && (error === undefined || error === null)) return { status, body }
  const word = failed(code) && ['string', 'number'].includes(typeof code) ? String(code) : text(error)
  return refusal(word ?? 'invalid_request', body, status, ERROR_NAMES)
}

function failed(code: unknown): boolean {
  return code !== undefined && code !== 0 && code !== '0'
}

function person(claims: Json): Person | undefined {
  if (failed(claims['code'])) return undefined
  const user = object(claims['data'])
  return personOf({
    subject: text(user['union_id']) ?? text(user['open_id']),
    name: text(user['name']) ?? text(user['en_name']),
    email: text(user['email']) ?? text(user['enterprise_email']),
    emailVerified: false,
  })
}

function errorsOf(title: string): NonNullable<Provider['errors']> {
  return {
    '20002': {
      code: 'provider_credentials_rejected',
      message: `${title} does not accept the app secret.`,
      hint: 'Copy app id and app secret again from "Credentials & Basic Info".',
    },
    '20010': {
      code: 'provider_permission_missing',
      message: 'The user may not use the app.',
      hint: 'Add the user to the availability range of the app, and publish a version.',
    },
    '20027': {
      code: 'provider_scope_invalid',
      message: 'The app does not have a scope that was asked for.',
      hint: 'Add the scope under "Permissions & Scopes", and publish a version.',
    },
    '20029': {
      code: 'provider_redirect_mismatch',
      message: 'The callback is not in the list of the app.',
      hint: 'Add the callbacks under "Security Settings", "Redirect URLs", save, and publish a version.',
    },
    '20043': {
      code: 'provider_scope_invalid',
      message: `${title} does not know a scope that was asked for.`,
      hint: `${title} is no OpenID provider: leave out openid, profile and email.`,
    },
    '20048': {
      code: 'provider_app_missing',
      message: 'There is no such app.',
      hint: 'Check --client-id: it is the app id, which begins with cli_.',
    },
    '20049': {
      code: 'provider_credentials_rejected',
      message: 'The code verifier does not fit the challenge.',
      hint: 'Sign in again with `authkit login`; something has changed the request on its way.',
    },
    '20050': {
      code: 'provider_unavailable',
      message: `${title} failed.`,
      hint: 'Try again in a minute.',
    },
    '20068': {
      code: 'provider_scope_invalid',
      message: 'A scope was asked for that the user has not granted.',
      hint: 'Sign in again and grant it.',
    },
    '20070': {
      code: 'provider_credentials_rejected',
      message: 'The app secret was sent in two ways at once.',
      hint: 'Send it in the form only, not in an Authorization header too.',
    },
    '20071': {
      code: 'provider_redirect_mismatch',
      message: 'The callback of the exchange is not that of the sign-in.',
      hint: 'Sign in again with `authkit login`.',
    },
    '20072': {
      code: 'provider_unavailable',
      message: `${title} is unavailable at the moment.`,
      hint: 'Try again in a minute.',
    },
    '99991672': {
      code: 'provider_permission_missing',
      message: 'The app has none of the permissions that this call needs.',
      hint: 'Add one of those that the message lists under "Permissions & Scopes", and publish a version.',
    },
    '99991676': {
      code: 'provider_permission_missing',
      message: 'The token lacks a permission that this call needs.',
      hint: 'Add it under "Permissions & Scopes", publish a version, and sign in again.',
    },
    '99991679': {
      code: 'provider_scope_insufficient',
      message: 'The user has not granted a scope that this call needs.',
      hint: 'Sign in again with --scope and the scopes that the message lists.',
    },
  }
}
