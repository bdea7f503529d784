import { Auth, HTTPException } from '@langchain/langgraph-sdk/auth'

/** Tokens are names: `Bearer u7` is u7. Everyone sees what they made, and a store of their own. */
export const auth = new Auth()
  .authenticate((request) => {
    const [, identity] = /^Bearer (u\w+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (!identity) throw new HTTPException(401, { message: 'Unauthorized' })
    return identity
  })
  .on(['threads:create', 'threads:create_run', 'assistants:create', 'crons:create'], ({ value, user }) => {
    const stored = value as { metadata?: Record<string, unknown> | null }
    stored.metadata = Object.assign(stored.metadata ?? {}, { owner: user.identity })
    return { owner: user.identity }
  })
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403, { message: 'Not your namespace' })
  })
