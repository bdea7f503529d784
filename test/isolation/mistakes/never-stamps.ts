// Everything is narrowed to the owner, and nobody ever becomes one.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on(['threads:create', 'assistants:create', 'crons:create'], () => true)
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
