// The owner is set when something is created. An update, or a run that makes its thread, may name another.
import { Auth, HTTPException, placeholderTokens } from 'authkit'

export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on(['threads:create', 'assistants:create', 'crons:create'], ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
    return { owner: user.identity }
  })
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
