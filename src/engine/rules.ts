import { AuthkitError } from '../errors/authkit-error.js'
import { nearest } from '../errors/nearest.js'
import type { HandlerCache } from './auth.js'
import { ALL_EVENTS, ALL_KEYS, type AuthEvent, type HandlerKey, keysFor } from './events.js'

type AnyFunction = (parameter: never) => unknown

/** An Auth object, checked: who authenticates, and which handler stands under which key. */
export interface AuthRules {
  readonly authenticate: ((request: Request) => unknown) | undefined
  readonly handlers: ReadonlyMap<HandlerKey, AnyFunction>
}

/**
 * Reads what an auth file exported. The class is never checked, only the shape that LangGraph's servers read, so an
 * object made by `@langchain/langgraph-sdk/auth` is as good as ours.
 *
 * @throws AuthkitError `auth_export_invalid`, `auth_no_authenticate` or `auth_unknown_event`.
 */
export function rulesFrom(exported: unknown): AuthRules {
  const cache = handlerCacheOf(exported)
  if (!cache) {
    throw new AuthkitError(
      'auth_export_invalid',
      'The exported value is not an Auth object: it has no "~handlerCache".',
    )
  }
  const { authenticate, callbacks = {} } = cache
  if (authenticate !== undefined && typeof authenticate !== 'function') {
    throw new AuthkitError('auth_export_invalid', 'authenticate() was given something that is not a function.')
  }
  if (!authenticate) {
    throw new AuthkitError(
      'auth_no_authenticate',
      'The Auth object has no authenticate(), so nobody would be asked who they are.',
    )
  }
  const handlers = new Map<HandlerKey, AnyFunction>()
  for (const [key, handler] of Object.entries(callbacks)) {
    if (!isHandlerKey(key)) {
      throw new AuthkitError(
        'auth_unknown_event',
        `.on("${key}") never runs: there is no such event. Did you mean "${nearest(key, ALL_KEYS).word}"?`,
      )
    }
    if (typeof handler !== 'function') {
      throw new AuthkitError('auth_export_invalid', `The handler of .on("${key}") is not a function.`)
    }
    handlers.set(key, handler)
  }
  return { authenticate: authenticate as AuthRules['authenticate'], handlers }
}

/** The key whose handler runs for an event, or undefined where none does. */
export function handlerKeyFor(rules: AuthRules, event: AuthEvent): HandlerKey | undefined {
  return keysFor(event).find((key) => rules.handlers.has(key))
}

/** Which handler covers which of the 21 events. */
export function coverage(rules: AuthRules): readonly { event: AuthEvent; handler: HandlerKey | undefined }[] {
  return ALL_EVENTS.map((event) => ({ event, handler: handlerKeyFor(rules, event) }))
}

function handlerCacheOf(exported: unknown): HandlerCache | undefined {
  if (typeof exported !== 'object' || exported === null || !('~handlerCache' in exported)) return undefined
  const cache = exported['~handlerCache']
  return typeof cache === 'object' && cache !== null ? (cache as HandlerCache) : undefined
}

function isHandlerKey(key: string): key is HandlerKey {
  return (ALL_KEYS as readonly string[]).includes(key)
}
