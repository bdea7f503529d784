import type { HandlerParameter } from './event-values.js'
import type { HandlerKey } from './events.js'
import type { JsonScalar } from './filter.js'

/** What `authenticate` may return: the identity alone, or an object with it and anything else handlers want to know. */
export type AuthenticateResult =
  | string
  | {
      identity: string
      permissions?: string[]
      display_name?: string
      is_authenticated?: boolean
      [extra: string]: unknown
    }

/** The user as handlers and graphs see it. */
export interface BaseUser {
  identity: string
  display_name: string
  is_authenticated: boolean
  permissions: string[]
}

/** The user that a given `authenticate` produces: its own fields, and the four that are always there. */
export type UserOf<T> = [T] extends [string] ? BaseUser : Omit<Exclude<T, string>, keyof BaseUser> & BaseUser

type Condition = JsonScalar | { $eq?: JsonScalar; $contains?: JsonScalar | JsonScalar[] }

/** What a handler returns to narrow access: conditions on the metadata of the resource, all of which must hold. */
export type AuthFilters<TKey extends string | number | symbol = string> = {
  [key in TKey]: Condition | AuthFilters<TKey>[]
}

type Promisable<T> = T | Promise<T>

/** Decides who calls. Return a user, or throw `HTTPException(401)`. */
export type Authenticate<T extends AuthenticateResult = AuthenticateResult> = (request: Request) => Promisable<T>

/** What a handler may return: nothing or `true` allows, `false` refuses with 403, an object narrows. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement allows, and its type is void
export type HandlerResult = Promisable<void | undefined | null | boolean | AuthFilters>

type KeyOf<K> = K extends readonly HandlerKey[] ? K[number] : K extends HandlerKey ? K : never

/** Decides what a user may do: see {@link HandlerResult}. */
export type Handler<K extends HandlerKey | readonly HandlerKey[] = '*', TUser = BaseUser> = (
  parameter: HandlerParameter<KeyOf<K>, TUser>,
) => HandlerResult

type AnyHandler = (parameter: never) => HandlerResult

/** What the server reads from an Auth object, of authkit or of LangGraph's SDK: the class itself is never checked. */
export interface HandlerCache {
  authenticate?: Authenticate
  callbacks?: Record<string, AnyHandler>
}

/**
 * Who may call, and what they may touch. The runtime shape is that of `Auth` in `@langchain/langgraph-sdk/auth`, so a
 * file written with either class runs on LangGraph Platform and here.
 *
 * @example
 * export const auth = new Auth()
 *   .authenticate(async (request) => ({ identity: await verify(request), permissions: [] }))
 *   .on('threads', ({ user }) => ({ owner: user.identity }))
 *
 * @see https://langchain-ai.github.io/langgraphjs/how-tos/auth/custom_auth/
 */
export class Auth<TResult extends AuthenticateResult = AuthenticateResult> {
  /** @internal The contract between an auth file and a server. */
  '~handlerCache': HandlerCache = {}

  /**
   * Registers who decides who is calling. It runs for every request; the last registration counts.
   *
   * @param callback Receives the Fetch `Request`; returns the user, or throws `HTTPException(401)`.
   */
  authenticate<T extends AuthenticateResult>(callback: Authenticate<T>): Auth<T> {
    this['~handlerCache'].authenticate = callback
    return this as unknown as Auth<T>
  }

  /**
   * Registers what a user may do. For each event exactly one handler runs, the most specific one:
   * `threads:create`, then `threads`, then `*:create`, then `*`.
   *
   * @param key An event, a resource, `*:action`, `*`, or a list of these.
   * @param handler Returns nothing or `true` to allow, `false` to refuse, a filter to narrow; may throw `HTTPException`.
   */
  on<const K extends HandlerKey | readonly HandlerKey[]>(key: K, handler: Handler<K, UserOf<TResult>>): this {
    this['~handlerCache'].callbacks ??= {}
    for (const one of typeof key === 'string' ? [key] : key)
      this['~handlerCache'].callbacks[one] = handler as AnyHandler
    return this
  }
}
