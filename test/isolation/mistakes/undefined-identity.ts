// Whoever is not in the table becomes the user "undefined".
import { Auth, HTTPException } from 'authkit'

const USERS: Record<string, string> = { 'user1-token': 'user1', 'user2-token': 'user2' }

export const auth = new Auth()
  .authenticate((request: Request) => {
    const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    return { identity: `${USERS[token]}` }
  })
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
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
