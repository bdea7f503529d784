import type { Handler, HandlerResult } from '../../src/engine/auth.js'
import { Auth } from '../../src/engine/auth.js'
import type { HandlerKey } from '../../src/engine/events.js'
import { HTTPException } from '../../src/engine/http-exception.js'

const USERS = ['alice', 'bob', 'carol'] as const

/** Tokens are names: `Bearer alice` is alice. Every other token is refused. */
export function tokensAreNames(request: Request): { identity: string; permissions: string[]; team: string } {
  const name = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  const known = USERS.find((user) => user === name)
  if (!known) throw new HTTPException(401, { message: 'Unauthorized', headers: { 'www-authenticate': 'Bearer' } })
  return { identity: known, permissions: [`${known}:all`], team: 'red' }
}

/** Only who may call is decided; no event has a handler. */
export function namesOnly() {
  return new Auth().authenticate(tokensAreNames)
}

/** Everyone sees what they made, and a store of their own. */
export function ownerOnly() {
  return namesOnly()
    .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
    .on(['threads:create', 'threads:create_run', 'assistants:create', 'crons:create'], ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
      return { owner: user.identity }
    })
    .on('store', ({ value, user }) => {
      if (value.namespace?.[0] !== user.identity) throw new HTTPException(403, { message: 'Not your namespace' })
    })
}

/** Owner-only rules where one key has another handler. */
export function ownerOnlyBut<K extends HandlerKey>(key: K, handler: Handler<K, never> | (() => HandlerResult)) {
  return ownerOnly().on(key, handler as never)
}
