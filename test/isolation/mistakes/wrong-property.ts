// The property is `identity`. `user.id` is undefined, and so is the owner.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: (user as unknown as { id: string }).id }))
  .on(['threads:create', 'assistants:create', 'crons:create'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: (user as unknown as { id: string }).id }
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
