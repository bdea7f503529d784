/**
 * Each user sees only their own threads, assistants, crons and store items.
 *
 * What a user creates carries `metadata.owner`, and every other request is narrowed to what the caller owns: the objects
 * of others look as if they did not exist. The assistants that the server makes for its graphs belong to nobody. Everyone
 * can run them, nobody can list or change them.
 */
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  // Who is calling. These tokens work only inside `authkit dev`; every other server refuses them. Before you deploy,
  // put real ones beside them: firstOf(placeholderTokens({ ... }), oidc({ issuer, audience })), as the template oidc does. A
  // function of your own returns { identity, permissions }, and throws new HTTPException(401) for everything else.
  .authenticate(
    placeholderTokens({
      'user1-token': { identity: 'user1', display_name: 'Alice' },
      'user2-token': { identity: 'user2', display_name: 'Bob' },
    }),
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

// These handlers cover all 21 events. An event that no handler covers is open to everyone; `authkit dev` names it. To close
// whatever is not named, add .on('*', () => false), as the template deny-by-default does.

/** Writes the owner into the metadata that the server is about to store, over whatever the client sent. */
function stamp(value: object, owner: string): void {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, { owner })
}
