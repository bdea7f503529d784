// Every resource with metadata is guarded; the store has none, and is forgotten.
import { Auth, placeholderTokens } from 'authkit'

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
      value.metadata = { ...value.metadata, owner: user.identity }
      return { owner: user.identity }
    },
  )
