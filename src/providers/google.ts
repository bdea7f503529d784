import { ANY_PORT } from './callbacks.js'
import { nameOf, personOf } from './person.js'
import type { Json, Person, Provider } from './provider.js'
import { text } from './values.js'

export const google: Provider = {
  name: 'google',
  title: 'Google',
  checked: '2026-11',
  docs: 'https://developers.google.com/identity/protocols/oauth2/native-app',
  issuer: 'https://accounts.google.com',
  hasIssuer: (issuer) => issuer.origin === 'https://accounts.google.com',
  oidc: true,
  pkce: true,
  clientAuth: 'client_secret_post',
  publicClients: 'none',
  scopes: { separator: ' ', login: ['openid', 'email', 'profile'] },
  // A refresh token comes with the first consent only, unless the user is asked again.
  authorizationParams: { access_type: 'offline', prompt: 'consent' },
  accountPrompt: 'select_account',
  accessTokens: 'opaque',
  loopback: ANY_PORT,
  refresh: { rotates: false },
  person,
  errors: {
    redirect_uri_mismatch: {
      code: 'provider_redirect_mismatch',
      message: 'The callback does not fit the type of the client.',
      hint: 'Create an OAuth client of the type "Desktop app": it takes any port on 127.0.0.1.',
    },
    deleted_client: {
      code: 'provider_app_missing',
      message: 'The OAuth client was deleted.',
      hint: 'Create another one in the Google Cloud console.',
    },
    admin_policy_enforced: {
      code: 'provider_permission_missing',
      message: 'An administrator of the Workspace does not allow this app.',
      hint: 'Ask the administrator to trust the client id under "API controls".',
    },
    org_internal: {
      code: 'provider_permission_missing',
      message: 'The app is for members of one organisation only.',
      hint: 'Sign in with an account of that organisation, or make the user type of the app "External".',
    },
    disallowed_useragent: {
      code: 'provider_permission_missing',
      message: 'Google does not sign in inside this browser.',
      hint: 'Open the URL in the browser of the system.',
    },
  },
  pitfalls: [
    'The type of the client must be "Desktop app": it takes any port on 127.0.0.1 without registering it.',
    'A desktop client has a secret and needs it, though Google does not hold it for confidential: set AUTHKIT_CLIENT_SECRET.',
    'Access tokens are opaque, so a service can not verify them by itself. Send the ID token, or let the service ask the userinfo endpoint.',
    'Anybody with an OAuth client can get a Google token of the same user. Check the audience of what you accept.',
    'While the consent screen is in "Testing", only listed users can sign in, and refresh tokens end after 7 days.',
    "A verified address is the user's own only at gmail.com or in a Workspace (`hd`): elsewhere the mailbox may have changed hands since.",
    'Device sign-in needs a client of the type "TVs and Limited Input devices", and allows few scopes.',
  ],
}

/** Google answers for an address in its own domain or in a Workspace; any other was verified once, by a third party. */
function person(claims: Json): Person | undefined {
  const email = text(claims['email'])
  const authoritative = email?.toLowerCase().endsWith('@gmail.com') === true || text(claims['hd']) !== undefined
  return personOf({
    subject: text(claims['sub']),
    name: nameOf(claims),
    email,
    emailVerified: claims['email_verified'] === true && authoritative,
  })
}
