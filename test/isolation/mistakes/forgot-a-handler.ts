// The author lists events one by one, and forgets one: threads:search.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads:create', 'threads:update', 'threads:create_run'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
    return { owner: user.identity }
  })
  .on(['threads:read', 'threads:delete'], ({ user }) => ({ owner: user.identity }))
  .on(['assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on(['assistants:create', 'assistants:update', 'crons:create', 'crons:update'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
    return { owner: user.identity }
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
