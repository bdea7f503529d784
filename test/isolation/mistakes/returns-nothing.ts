// Everything is stamped, and no handler returns a filter: nothing means allow everything.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on('*', ({ value, user }) => {
    const stored = value as { metadata?: Record<string, unknown> | null }
    stored.metadata = Object.assign(stored.metadata ?? {}, { owner: user.identity })
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
