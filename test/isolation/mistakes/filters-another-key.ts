// What is created carries `owner`, and everything else looks for `user_id`.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ user_id: user.identity }))
  .on(['threads:create', 'threads:update', 'assistants:create', 'crons:create'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
