import type { Action, AuthEvent, EVENTS, HandlerKey, Resource } from './events.js'

type Maybe<T> = T | null | undefined
type Metadata = Record<string, unknown>

/** Configuration of an assistant or a run. `configurable` never holds `langgraph_auth_*` keys that a client sent. */
export interface RunnableConfigValue {
  tags?: Maybe<string[]>
  recursion_limit?: Maybe<number>
  configurable?: Maybe<{ thread_id?: Maybe<string>; [key: string]: unknown }>
  [key: string]: unknown
}

/**
 * What `value` holds for each event: what the caller asks for. A handler may change it in place: metadata, and for the
 * store namespace, key, value and filter, for runs kwargs, are read back and used.
 *
 * Follows LangGraph's AuthEventValueMap, so a handler typed for one compiles for the other.
 */
export interface AuthEventValueMap {
  'threads:create': {
    thread_id?: Maybe<string>
    metadata?: Maybe<Metadata>
    if_exists?: Maybe<'raise' | 'do_nothing'>
    /** `{ ttl, strategy }`: minutes, and what happens then. Only where the caller sent one. */
    ttl?: unknown
  }
  'threads:read': { thread_id?: Maybe<string>; run_id?: Maybe<string> }
  'threads:update': {
    thread_id?: Maybe<string>
    metadata?: Maybe<Metadata>
    /** As for `threads:create`; null ends it. */
    ttl?: unknown
    action?: Maybe<'interrupt' | 'rollback'>
  }
  'threads:delete': { thread_id?: Maybe<string>; run_id?: Maybe<string>; thread_ids?: Maybe<string[]> }
  'threads:search': {
    thread_id?: Maybe<string>
    ids?: Maybe<string[]>
    status?: Maybe<'idle' | 'busy' | 'interrupted' | 'error' | (string & {})>
    metadata?: Maybe<Metadata>
    values?: Maybe<Record<string, unknown>>
    limit?: Maybe<number>
    offset?: Maybe<number>
  }
  'threads:create_run': {
    thread_id?: Maybe<string>
    assistant_id: string
    run_id: string
    status: Maybe<'pending' | 'running' | 'error' | 'success' | 'timeout' | 'interrupted'>
    metadata?: Maybe<Metadata>
    prevent_insert_if_inflight?: Maybe<boolean>
    multitask_strategy?: Maybe<'interrupt' | 'rollback' | 'reject' | 'enqueue'>
    if_not_exists?: Maybe<'reject' | 'create'>
    after_seconds?: Maybe<number>
    kwargs: Record<string, unknown>
  }
  'assistants:create': {
    assistant_id?: Maybe<string>
    graph_id: string
    config?: Maybe<RunnableConfigValue>
    context?: unknown
    metadata?: Maybe<Metadata>
    if_exists?: Maybe<'raise' | 'do_nothing'>
    name?: Maybe<string>
    description?: Maybe<string>
  }
  'assistants:read': { assistant_id: string; metadata?: Maybe<Metadata> }
  'assistants:update': {
    assistant_id: string
    graph_id?: Maybe<string>
    config?: Maybe<RunnableConfigValue>
    context?: unknown
    metadata?: Maybe<Metadata>
    name?: Maybe<string>
    description?: Maybe<string>
    version?: Maybe<number>
  }
  'assistants:delete': { assistant_id: string }
  'assistants:search': {
    graph_id?: Maybe<string>
    metadata?: Maybe<Metadata>
    limit?: Maybe<number>
    offset?: Maybe<number>
  }
  'crons:create': {
    payload?: Maybe<Record<string, unknown>>
    schedule: string
    cron_id?: Maybe<string>
    thread_id?: Maybe<string>
    user_id?: Maybe<string>
    end_time?: Maybe<string>
    /** What happens to the thread of each run; null where the cron is bound to one. */
    on_run_completed?: Maybe<'delete' | 'keep'>
    metadata?: Maybe<Metadata>
  }
  'crons:read': { cron_id: string }
  'crons:update': {
    cron_id: string
    /** What changes of the request that each run is made from. */
    payload?: Maybe<Record<string, unknown>>
    schedule?: Maybe<string>
    end_time?: Maybe<string>
    enabled?: Maybe<boolean>
    on_run_completed?: Maybe<'delete' | 'keep'>
    metadata?: Maybe<Metadata>
  }
  'crons:delete': { cron_id: string }
  'crons:search': {
    assistant_id?: Maybe<string>
    thread_id?: Maybe<string>
    limit?: Maybe<number>
    offset?: Maybe<number>
    metadata?: Maybe<Metadata>
  }
  'store:put': {
    namespace: string[]
    key: string
    value: Record<string, unknown>
    /** Fields that searches look at; false for none. */
    index?: Maybe<false | string[]>
    /** Minutes; null for ever. */
    ttl?: Maybe<number>
  }
  'store:get': { namespace: Maybe<string[]>; key: string; refresh_ttl?: Maybe<boolean> }
  'store:search': {
    namespace?: Maybe<string[]>
    filter?: Maybe<Record<string, unknown>>
    limit?: Maybe<number>
    offset?: Maybe<number>
    query?: Maybe<string>
    refresh_ttl?: Maybe<boolean>
  }
  'store:list_namespaces': {
    namespace?: Maybe<string[]>
    suffix?: Maybe<string[]>
    max_depth?: Maybe<number>
    limit?: Maybe<number>
    offset?: Maybe<number>
  }
  'store:delete': { namespace?: Maybe<string[]>; key: string }
}

/** The events that a key of `.on()` covers. */
export type EventsOf<K extends HandlerKey> = K extends '*'
  ? AuthEvent
  : K extends AuthEvent
    ? K
    : K extends Resource
      ? `${K}:${(typeof EVENTS)[K][number]}` & AuthEvent
      : K extends `*:${infer A extends Action}`
        ? Extract<AuthEvent, `${string}:${A}`>
        : never

/** What a handler receives: one member for each event it covers, so that `event` narrows `value`. */
export type HandlerParameter<K extends HandlerKey, TUser> = {
  [E in EventsOf<K>]: {
    event: E
    resource: E extends `${infer R}:${string}` ? R : never
    action: E extends `${string}:${infer A}` ? A : never
    value: AuthEventValueMap[E]
    user: TUser
    /** The same array as `user.permissions`. */
    permissions: string[]
  }
}[EventsOf<K>]
