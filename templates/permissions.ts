/**
 * Each user sees only their own objects, and needs a permission for every kind of request.
 *
 * A permission is a string such as `threads:read` or `store:write`: a resource, and whether it is read or written. It
 * comes with the user, from the roles or scopes in a token, and it never reaches beyond what the user owns.
 */
import { Auth, HTTPException, placeholderTokens } from 'authkit'

const READ_ONLY = ['threads:read', 'assistants:read', 'crons:read', 'store:read']
const EVERYTHING = [...READ_ONLY, 'threads:write', 'assistants:write', 'crons:write', 'store:write']

export const auth = new Auth()
  // Who is calling. These tokens work only inside `authkit dev`; every other server refuses them. Before you deploy,
  // put real ones beside them: firstOf(placeholderTokens({ ... }), oidc({ issuer, audience })), as the template oidc does. A
  // function of your own returns { identity, permissions }, and throws new HTTPException(401) for everything else. Take the
  // permissions from what your identity provider signed, never from a header or a body that the client may write itself.
  .authenticate(
    placeholderTokens({
      'user1-token': { identity: 'user1', display_name: 'Alice', permissions: EVERYTHING },
      'user2-token': { identity: 'user2', display_name: 'Bob', permissions: EVERYTHING },
      'user3-token': { identity: 'user3', display_name: 'Carol', permissions: READ_ONLY },
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
    ({ resource, action, permissions, value, user }) => {
      demand(resource, action, permissions)
      stamp(value, user.identity)
      return { owner: user.identity }
    },
  )

  // Everything else that can be done with them: read, search, delete. For one event one handler runs, the most specific.
  .on(['threads', 'assistants', 'crons'], ({ resource, action, permissions, user }) => {
    demand(resource, action, permissions)
    return { owner: user.identity }
  })

  // Store items have no owner; their namespace says whose they are: ["user1", ...]. A request without a namespace, such as
  // a search through everything, is refused as well.
  .on('store', ({ resource, action, permissions, value, user }) => {
    demand(resource, action, permissions)
    if (value.namespace?.[0] !== user.identity) {
      throw new HTTPException(403, { message: 'The namespace has to start with your identity' })
    }
  })

  // Nothing else exists today. What a later server adds stays closed until you decide.
  .on('*', () => false)

/** The actions that change nothing. Every other one, also one that a later server adds, needs the write permission. */
const READS = ['read', 'search', 'get', 'list_namespaces']

/** Refuses a user who lacks `<resource>:read` or `<resource>:write`, whichever the action needs. */
function demand(resource: string, action: string, permissions: string[]): void {
  const needed = `${resource}:${READS.includes(action) ? 'read' : 'write'}`
  if (!permissions.includes(needed)) throw new HTTPException(403, { message: `This needs the permission ${needed}` })
}

/** Writes the owner into the metadata that the server is about to store, over whatever the client sent. */
function stamp(value: object, owner: string): void {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, { owner })
}
