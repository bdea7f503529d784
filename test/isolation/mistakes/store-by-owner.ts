// One handler for everything. Items of the store have no metadata, so no owner can be stamped on them or found.
import { Auth, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on('*', ({ value, user }) => {
    const stored = value as { metadata?: Record<string, unknown> | null }
    stored.metadata = Object.assign(stored.metadata ?? {}, { owner: user.identity })
    return { owner: user.identity }
  })
