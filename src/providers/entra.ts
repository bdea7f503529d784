import { nameOf, personOf } from './person.js'
import type { Json, Person, Provider } from './provider.js'
import { text, within } from './values.js'

export const entra: Provider = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  checked: '2026-11',
  docs: 'https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app',
  issuerExample: 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0',
  hasIssuer: (issuer) =>
    [
      'login.microsoftonline.com',
      'login.microsoftonline.us',
      'login.partner.microsoftonline.cn',
      'sts.windows.net',
    ].some((host) => within(issuer, host)),
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_post',
  publicClients: 'any-flow',
  scopes: { separator: ' ', login: ['openid', 'profile', 'email'], offline: 'offline_access' },
  accountPrompt: 'select_account',
  accessTokens: 'jwt',
  loopback: { rule: 'any-port', host: 'localhost' },
  // The old one goes on working, but only the newest lives on.
  refresh: { rotates: true },
  person,
  errors: {
    AADSTS50011: {
      code: 'provider_redirect_mismatch',
      message: 'The callback is not registered with the application.',
      hint: 'Add http://localhost/callback under "Mobile and desktop applications" of the app registration.',
    },
    AADSTS700016: {
      code: 'provider_app_missing',
      message: 'The tenant has no application with this client id.',
      hint: 'Check --client-id, and that --issuer names the tenant in which the app is registered.',
    },
    AADSTS7000215: {
      code: 'provider_credentials_rejected',
      message: 'The client secret is wrong.',
      hint: 'Use the value of the secret, not its id.',
    },
    AADSTS7000222: {
      code: 'provider_credentials_rejected',
      message: 'The client secret has expired.',
      hint: 'Create another secret under "Certificates & secrets".',
    },
    AADSTS7000218: {
      code: 'provider_credentials_rejected',
      message: 'The application is not a public client, so it needs its secret.',
      hint: 'Switch on "Allow public client flows", or set AUTHKIT_CLIENT_SECRET.',
    },
    AADSTS70011: {
      code: 'provider_scope_invalid',
      message: 'A scope is not valid.',
      hint: 'Ask for scopes of one API only, such as api://<application id>/.default.',
    },
    AADSTS65001: {
      code: 'provider_permission_missing',
      message: 'Nobody has consented to the application yet.',
      hint: 'Sign in again and consent, or ask an administrator to.',
    },
    AADSTS90094: {
      code: 'provider_permission_missing',
      message: 'An administrator has to consent.',
      hint: 'Ask an administrator to grant consent under "API permissions".',
    },
    AADSTS500011: {
      code: 'provider_audience_invalid',
      message: 'The tenant does not know the API that the token is for.',
      hint: 'Correct the scope: it begins with the application ID URI of your API.',
    },
    AADSTS90002: {
      code: 'provider_app_missing',
      message: 'There is no such tenant.',
      hint: 'Correct the tenant in --issuer.',
    },
  },
  pitfalls: [
    'The issuer must name your tenant. With `common` or `organizations` the issuer differs from user to user, and whoever has any Microsoft account can sign in.',
    'Without a scope of your own API, the access token is for Microsoft Graph, and no one else can verify it. Ask for api://<application id>/.default.',
    'Set `requestedAccessTokenVersion` of your API to 2 in its manifest: tokens of version 1 have the issuer https://sts.windows.net/<tenant>/.',
    'The address of a user is neither verified nor unique. Never let anybody in for it.',
    '`sub` differs from application to application; `oid` within the tenant is who it is.',
    'Nothing revokes a single token. `authkit logout` forgets it.',
  ],
}

/** `sub` is another one in every application, so the object id within the tenant says who it is. No address is verified. */
function person(claims: Json): Person | undefined {
  const tenant = text(claims['tid'])
  const id = text(claims['oid'])
  return personOf({
    subject: tenant !== undefined && id !== undefined ? `${tenant}:${id}` : text(claims['sub']),
    name: nameOf(claims),
    email: text(claims['email']),
    emailVerified: false,
  })
}
