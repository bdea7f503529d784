/** Each user sees only their own threads, assistants, crons and store items. */
import { Auth, HTTPException, placeholderTokens } from 'authkit'

const DOOR = 'open' as 'open' | 'shut'

export const auth = new Auth()
  .authenticate(
    placeholderTokens({
      'user1-token': { identity: 'user1', display_name: 'Alice' },
      'user2-token': { identity: 'user2', display_name: 'Bob' },
    }),
  )
  .on('threads:create_run', ({ value, user }) => {
    if (DOOR === 'shut') throw new HTTPException(403, { message: 'No runs today' })
    stamp(value, user.identity)
    return { owner: user.identity }
  })
  .on(
    ['threads:create', 'threads:update', 'assistants:create', 'assistants:update', 'crons:create', 'crons:update'],
    ({ value, user }) => {
      stamp(value, user.identity)
      return { owner: user.identity }
    },
  )
  .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
  .on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) {
      throw new HTTPException(403, { message: 'The namespace has to start with your identity' })
    }
  })

function stamp(value: object, owner: string): void {
  const stored = value as { metadata?: Record<string, unknown> | null }
  stored.metadata = Object.assign(stored.metadata ?? {}, { owner })
}
