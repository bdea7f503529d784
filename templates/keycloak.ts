/**
 * Users of a Keycloak realm, with their roles: each sees only their own threads, assistants and store items.
 *
 * What a user creates carries `metadata.owner`, and every other request is narrowed to what the caller owns: the objects
 * of others look as if they did not exist. The assistants that the server makes for its graphs belong to nobody. Everyone
 * can run them, nobody can list or change them.
 */
import { Auth, firstOf, HTTPException, keycloakRoles, oidc, placeholderTokens } from 'authkit'

export const auth = new Auth()
  // Who is calling. In `authkit dev` these tokens work, and while OIDC_ISSUER is not set, so do those of the local issuer:
  // sign in with `authkit login`. Every other server takes tokens of the realm alone, and does not start without one: set
  // OIDC_ISSUER=https://keycloak.example.com/realms/demo, and OIDC_AUDIENCE to the client that stands for this service. Its
  // id gets into the tokens by an audience mapper, without which Keycloak says `account` in all of them.
  .authenticate(
    firstOf(
      placeholderTokens({
        'user1-token': { identity: 'user1', display_name: 'Alice' },
        'user2-token': { identity: 'user2', display_name: 'Bob' },
      }),
      oidc({
        issuer: process.env['OIDC_ISSUER'],
        audience: process.env['OIDC_AUDIENCE'],
        // The roles of the realm and of that client are `permissions` of the user, beside the scopes of the token.
        roles: keycloakRoles(process.env['OIDC_AUDIENCE'] ?? ''),
      }),
    ),
  )

  // Whoever creates something owns it. Updates are stamped too, so that nobody gives their objects to others.
  .on(
    [
      'threads:create',
      'threads:create_run', // a run may create its thread
      'threads:update',
      'assistants:create',
      'assistants:update',
      'crons:create',
      'crons:update',
    ],
    ({ value, user }) => {
      stamp(value, user.identity)
      return { owner: user.identity }
    },
  )

  // Everything else that can be done with them: read, search, delete. For one event one handler runs, the most specific.
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))

  // Store items have no owner; their namespace says whose they are: ["user1", ...]. A request without a namespace, such as
  // a search through everything, is refused as well.
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) {
      throw new HTTPException(403, { message: 'The namespace has to start with your identity' })
    }
  })

  // These handlers cover all 21 events. Without this, an event that none covers would be open to everyone.
  .on('*', () => false)

/** Writes the owner into the metadata that the server is about to store, over whatever the client sent. */
function stamp(value: object, owner: string): void {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, { owner })
}
