/**
 * Everything is refused except what is listed, event by event, and each user sees only their own.
 *
 * The list below is all that the server will do. Delete a line to close what you do not offer; an event that stands
 * nowhere is answered with 403, also one that a later version of the server adds to a resource you know.
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

  // For one event one handler runs, the most specific: this one, unless the event is named below.
  .on('*', () => false)

  // Threads. Their runs are threads:create_run to start one, and threads:read, :update and :delete for the rest.
  .on('threads:create', ({ value, user }) => owned(value, user))
  .on('threads:create_run', ({ value, user }) => owned(value, user)) // a run may create its thread
  .on('threads:read', ({ user }) => owner(user))
  .on('threads:search', ({ user }) => owner(user))
  .on('threads:update', ({ value, user }) => owned(value, user))
  .on('threads:delete', ({ user }) => owner(user))

  // Assistants. Those that the server makes for its graphs can be run by everyone, even if you delete all five lines.
  .on('assistants:create', ({ value, user }) => owned(value, user))
  .on('assistants:read', ({ user }) => owner(user))
  .on('assistants:search', ({ user }) => owner(user))
  .on('assistants:update', ({ value, user }) => owned(value, user))
  .on('assistants:delete', ({ user }) => owner(user))

  // Crons. Decide: they start runs in a user's name while nobody is watching.
  .on('crons:create', ({ value, user }) => owned(value, user))
  .on('crons:read', ({ user }) => owner(user))
  .on('crons:search', ({ user }) => owner(user))
  .on('crons:update', ({ value, user }) => owned(value, user))
  .on('crons:delete', ({ user }) => owner(user))

  // The store. Its items have no owner; their namespace says whose they are: ["user1", ...]. A request without a
  // namespace, such as a search through everything, is refused.
  .on('store:put', ({ value, user }) => within(value.namespace, user))
  .on('store:get', ({ value, user }) => within(value.namespace, user))
  .on('store:search', ({ value, user }) => within(value.namespace, user))
  .on('store:list_namespaces', ({ value, user }) => within(value.namespace, user))
  .on('store:delete', ({ value, user }) => within(value.namespace, user))

interface User {
  identity: string
}

/** Narrows a request to what the caller owns. */
function owner(user: User): { owner: string } {
  return { owner: user.identity }
}

/** The same, and makes the caller the owner of what the server is about to store, whatever the client sent. */
function owned(value: object, user: User): { owner: string } {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, owner(user))
  return owner(user)
}

/** Refuses a namespace that is not the caller's, and a missing one. */
function within(namespace: string[] | null | undefined, user: User): void {
  if (namespace?.[0] !== user.identity) {
    throw new HTTPException(403, { message: 'The namespace has to start with your identity' })
  }
}
