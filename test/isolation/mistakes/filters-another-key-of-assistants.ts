// Threads are right; assistants are stamped with `owner` and looked for under `user_id`.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on(['threads:create', 'threads:update', 'threads:create_run', 'crons:create', 'crons:update'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
    return { owner: user.identity }
  })
  .on('assistants', ({ user }) => ({ user_id: user.identity }))
  .on('assistants:create', ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
