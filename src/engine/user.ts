import { AuthkitError } from '../errors/authkit-error.js'
import type { BaseUser } from './auth.js'

/** The authenticated caller: the four fields that are always there, and whatever else `authenticate` returned. */
export interface User extends Readonly<BaseUser> {
  readonly [extra: string]: unknown
}

/** The identity that LangGraph gives to its Studio. Only the server may use it. */
const STUDIO_IDENTITY = 'langgraph-studio-user'

/** The user behind the Studio header, where the project turned it on. A new one each time: handlers may change it. */
export function studioUser(): User {
  return {
    kind: 'StudioUser',
    identity: STUDIO_IDENTITY,
    display_name: STUDIO_IDENTITY,
    is_authenticated: true,
    permissions: [],
  }
}

/** Whether the user came from LangGraph Studio rather than from `authenticate`. */
export function isStudioUser(user: Pick<BaseUser, 'identity'> & { kind?: unknown }): boolean {
  return user.kind === 'StudioUser' || user.identity === STUDIO_IDENTITY
}

/**
 * Turns what `authenticate` returned into a user, as LangGraph does, with three stricter choices: an identity is never
 * empty, never the Studio's (a client could claim it), and `is_authenticated: false` is a refusal.
 *
 * @throws AuthkitError `unauthenticated` where the result is no user.
 */
export function userFrom(result: unknown): User {
  if (typeof result === 'string') return userFrom({ identity: result })
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw new AuthkitError('unauthenticated', 'Unauthorized', { cause: `authenticate() returned ${describe(result)}` })
  }
  const { identity, permissions, display_name, is_authenticated } = result as Record<string, unknown>
  if (typeof identity !== 'string' || identity.trim() === '') {
    throw new AuthkitError('unauthenticated', 'Unauthorized', { cause: 'authenticate() returned an empty identity' })
  }
  if (isStudioUser(result as { identity: string })) {
    throw new AuthkitError('unauthenticated', 'Unauthorized', { cause: 'authenticate() returned the Studio identity' })
  }
  if (is_authenticated === false) {
    throw new AuthkitError('unauthenticated', 'Unauthorized', {
      cause: 'authenticate() returned is_authenticated: false',
    })
  }
  return {
    ...result,
    identity,
    display_name: typeof display_name === 'string' ? display_name : identity,
    is_authenticated: true,
    permissions: Array.isArray(permissions) ? permissions.filter((one) => typeof one === 'string') : [],
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `${typeof value}`
}
