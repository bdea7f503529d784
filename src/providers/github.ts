import { refusal, withNumbers, withScope } from './answers.js'
import { basicAuth } from './basic-auth.js'
import { ANY_PORT } from './callbacks.js'
import { personOf } from './person.js'
import type { Json, Person, Provider, TokenAnswer } from './provider.js'
import { objects, text } from './values.js'

const ERROR_NAMES = {
  bad_refresh_token: 'invalid_grant',
  bad_verification_code: 'invalid_grant',
  incorrect_client_credentials: 'invalid_client',
  incorrect_device_code: 'invalid_grant',
  device_flow_disabled: 'unauthorized_client',
}

export const github: Provider = {
  name: 'github',
  title: 'GitHub',
  checked: '2026-11',
  docs: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app',
  oidc: false,
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    userinfo: 'https://api.github.com/user',
    emails: 'https://api.github.com/user/emails',
    device: 'https://github.com/login/device/code',
  },
  callbackIssuer: 'https://github.com/login/oauth',
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  pkce: true,
  clientAuth: 'client_secret_post',
  publicClients: 'device-flow',
  scopes: { separator: ' ', login: ['read:user', 'user:email'], offline: 'offline_access' },
  accountPrompt: 'select_account',
  accessTokens: 'opaque',
  loopback: ANY_PORT,
  refresh: { rotates: true },
  tokenAnswer,
  person,
  revocation: ({ clientId, clientSecret, accessToken }) =>
    clientSecret === undefined
      ? undefined
      : {
          method: 'DELETE',
          url: `https://api.github.com/applications/${encodeURIComponent(clientId)}/token`,
          headers: {
            accept: 'application/vnd.github+json',
            authorization: basicAuth(clientId, clientSecret),
            'content-type': 'application/json',
          },
          body: JSON.stringify({ access_token: accessToken }),
        },
  errors: {
    redirect_uri_mismatch: {
      code: 'provider_redirect_mismatch',
      message: 'The callback is not the one that is registered with the OAuth app.',
      hint: 'Set the authorization callback URL of the OAuth app to http://127.0.0.1/callback.',
    },
    incorrect_client_credentials: {
      code: 'provider_credentials_rejected',
      message: 'GitHub does not accept the client id and the secret.',
      hint: 'Check --client-id, and set AUTHKIT_CLIENT_SECRET to a client secret of the same OAuth app.',
    },
    device_flow_disabled: {
      code: 'provider_permission_missing',
      message: 'Device sign-in is switched off for the OAuth app.',
      hint: 'Tick "Enable Device Flow" in the settings of the OAuth app.',
    },
    application_suspended: {
      code: 'provider_app_missing',
      message: 'GitHub has suspended the OAuth app.',
      hint: 'Ask GitHub support, or register another OAuth app.',
    },
  },
  pitfalls: [
    'GitHub is no OpenID provider: there is no ID token, and a service has to ask GitHub about each access token.',
    'Anybody with an OAuth app can get a GitHub token of the same user. Check which app a token is for, or let only organisations in that you trust.',
    'An OAuth app needs its client secret in the browser flow, PKCE or not. Without a secret, use --device.',
    'GitHub answers errors of the token endpoint with HTTP 200.',
    'A page "404" instead of the sign-in means that the client id is wrong or the OAuth app was deleted.',
    'Without `offline_access` the token of an OAuth app never expires, unless expiring tokens are switched on; with it, it lasts 8 hours and a refresh token comes along.',
    'An OAuth app that was registered with a single callback takes any path below it: switch the wildcard off.',
    'Users rename themselves: the numeric id stays, the login does not.',
    'An organisation with SAML hides its resources until the user has a session there.',
  ],
}

/** GitHub answers errors with 200, in words of its own, separates granted scopes with commas, and may use a form. */
function tokenAnswer(body: Json, status: number): TokenAnswer {
  const { error } = body
  if (error !== undefined && error !== null) {
    return refusal(text(error) ?? 'invalid_request', body, status, ERROR_NAMES)
  }
  return { status, body: withScope(withNumbers(body), 'scope', /[ ,]+/) }
}

function person(claims: Json): Person | undefined {
  const { id } = claims
  const addresses = objects(claims['emails'])
  const proven = addresses.find(({ primary, verified }) => primary === true && verified === true)
  const email = text(proven?.['email'])
  return personOf({
    subject: Number.isSafeInteger(id) ? String(id) : undefined,
    name: text(claims['name']) ?? text(claims['login']),
    email: email ?? text(claims['email']),
    emailVerified: email !== undefined,
  })
}
