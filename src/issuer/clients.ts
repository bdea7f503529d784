import type { ClientMetadata } from 'oidc-provider'
import { LOCAL_CLIENT_ID } from '../providers/local.js'
import type { LocalClient } from './options.js'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** As the pages call it. */
export const COMMAND_LINE_NAME = 'authkit CLI'

/** `authkit login`: it can keep no secret, and its callback is on whatever port is free (RFC 8252 7.3 and 8.5). */
const COMMAND_LINE: ClientMetadata = {
  client_id: LOCAL_CLIENT_ID,
  client_name: COMMAND_LINE_NAME,
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
  grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
  id_token_signed_response_alg: 'ES256',
  ...common(),
}

/** What oidc-provider knows of a client. Undefined where there is none of that id. */
export function clientMetadata(id: string, clients: readonly LocalClient[]): ClientMetadata | undefined {
  if (id === LOCAL_CLIENT_ID) return COMMAND_LINE
  const client = clients.find((one) => one.id === id)
  if (!client) return undefined
  const { name = id, redirectUris } = client
  return {
    client_id: id,
    client_name: name,
    application_type: 'web',
    redirect_uris: redirectUris,
    // After a sign-out, back to the front page of where it came from.
    post_logout_redirect_uris: [...new Set(redirectUris.flatMap(frontPages))],
    grant_types: ['authorization_code', 'refresh_token'],
    ...common(),
  }
}

function common() {
  return {
    response_types: ['code'],
    response_modes: ['query'],
    token_endpoint_auth_method: 'none',
  } satisfies Partial<ClientMetadata>
}

function frontPages(redirectUri: string): string[] {
  const { origin } = new URL(redirectUri)
  return [origin, `${origin}/`]
}
