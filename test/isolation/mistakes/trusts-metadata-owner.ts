// An owner that the client sent is kept.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on(
    [
      'threads:create',
      'threads:update',
      'threads:create_run',
      'assistants:create',
      'assistants:update',
      'crons:create',
      'crons:update',
    ],
    ({ value, user }) => {
      const stored = value as { metadata?: { owner?: string } | null }
      const owner = stored.metadata?.owner ?? user.identity
      stored.metadata = { ...stored.metadata, owner }
      return { owner }
    },
  )
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
