/**
 * Each user owns their threads and may let named others read them; all else is private.
 *
 * A thread carries `metadata.owner`, who may change it, and `metadata.readers`, who may read it with its runs, state and
 * history. It begins private. Its owner shares it, and takes it back, by naming the readers anew:
 *
 *   await client.threads.update(threadId, { metadata: { readers: ['user2'] } })
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

  // A new thread has one reader, its owner, whatever the client sent. A copy is a new thread too: whoever copies a thread
  // that was shared with them does not share it with its other readers.
  .on(['threads:create', 'threads:create_run'], ({ value, user }) => {
    stamp(value, { owner: user.identity, readers: [user.identity] })
    return { owner: user.identity }
  })

  // Only the owner gets here, so only the owner names readers; and the owner stays owner and reader.
  .on('threads:update', ({ value, user }) => {
    const readers: unknown = value.metadata?.['readers']
    stamp(value, { owner: user.identity })
    if (readers !== undefined) stamp(value, { readers: [...new Set([user.identity, ...listOfNames(readers)])] })
    return { owner: user.identity }
  })

  // Decide: may readers also continue the conversation? Then let threads:create_run return the filter of this handler.
  .on(['threads:read', 'threads:search'], ({ user }) => ({ readers: { $contains: user.identity } }))

  // Deleting a thread or a run is left to the owner.
  .on('threads', ({ user }) => ({ owner: user.identity }))

  // Assistants and crons are private. Updates are stamped too, so that nobody gives their objects to others.
  .on(['assistants:create', 'assistants:update', 'crons:create', 'crons:update'], ({ value, user }) => {
    stamp(value, { owner: user.identity })
    return { owner: user.identity }
  })
  .on(['assistants', 'crons'], ({ user }) => ({ owner: user.identity }))

  // Store items have no owner; their namespace says whose they are: ["user1", ...]. A request without a namespace, such as
  // a search through everything, is refused as well.
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) {
      throw new HTTPException(403, { message: 'The namespace has to start with your identity' })
    }
  })

  // Nothing else exists today. What a later server adds stays closed until you decide.
  .on('*', () => false)

/** Writes into the metadata that the server is about to store, over whatever the client sent. */
function stamp(value: object, stamps: Record<string, unknown>): void {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, stamps)
}

function listOfNames(readers: unknown): string[] {
  if (Array.isArray(readers) && readers.every((one) => typeof one === 'string')) return readers
  throw new HTTPException(403, { message: 'metadata.readers has to be a list of identities' })
}
