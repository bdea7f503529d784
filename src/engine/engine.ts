import { AssertionError } from 'node:assert'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Decision } from './decision.js'
import type { AuthEventValueMap } from './event-values.js'
import type { AuthEvent } from './events.js'
import { parseFilter } from './filter.js'
import { type Explanation, refusalOf } from './http-exception.js'
import { type AuthRules, handlerKeyFor } from './rules.js'
import { type Scope, scopeOf } from './scope.js'
import type { EventTrace, Trace } from './trace.js'
import { studioUser, type User, userFrom } from './user.js'
import { changesSince, checkValue, snapshotOf } from './value.js'

export interface EngineOptions {
  /** The rules of the project; undefined only where the developer said `--no-auth`. */
  readonly rules: AuthRules | undefined
  /** Refuse the events that no handler covers. */
  readonly strict?: boolean
  /** Let the header `x-auth-scheme: langsmith` stand for LangGraph Studio. Anyone can send it. */
  readonly studio?: boolean
}

/** Who a request belongs to, until it is answered. Its rules are those of the moment it came in. */
export interface Caller {
  /** Undefined only under `--no-auth`. */
  readonly user: User | undefined
  readonly trace: Trace
  /**
   * Asks the rules about one event.
   *
   * @param value What the caller wants. Handlers may change it in place; use the value that comes back.
   * @returns The scope that the query must carry, and the value as the handler left it.
   * @throws AuthkitError `forbidden` where it is refused, `handler_failed`, `filter_invalid` or `value_invalid` where the
   *   handler has a bug, or whatever status the handler threw as an HTTPException.
   */
  authorize<E extends AuthEvent>(event: E, value: AuthEventValueMap[E]): Promise<Authorized<E>>
}

export interface Authorized<E extends AuthEvent> {
  readonly scope: Scope
  readonly value: AuthEventValueMap[E]
}

/** Runs the rules of one auth file. It has no state but the rules, so requests in flight keep the engine they began with. */
export interface Engine {
  /**
   * Decides who is calling.
   *
   * @throws AuthkitError `unauthenticated`, or the status that `authenticate` threw as an HTTPException.
   */
  authenticate(request: Request, trace: Trace): Promise<Caller>
  /** The caller for work that is done later in a user's name, such as a queued run. */
  callerFor(user: User | undefined, trace: Trace): Caller
}

/**
 * @example
 * const engine = createEngine({ rules: rulesFrom(auth) })
 * const caller = await engine.authenticate(request, createTrace(requestId))
 * const { scope } = await caller.authorize('threads:read', { thread_id })
 */
export function createEngine({ rules, strict = false, studio = false }: EngineOptions): Engine {
  async function userOf(request: Request): Promise<User | undefined> {
    if (!rules) return undefined
    if (studio && request.headers.get('x-auth-scheme') === 'langsmith') return studioUser()
    return userFrom(await rules.authenticate?.(request))
  }

  function callerFor(user: User | undefined, trace: Trace): Caller {
    return { user, trace, authorize: (event, value) => authorize({ user, trace, rules, strict }, event, value) }
  }

  return {
    callerFor,
    async authenticate(request, trace) {
      const started = performance.now()
      try {
        const user = await userOf(request)
        trace.identity = user?.identity
        trace.displayName = user?.display_name
        return callerFor(user, trace)
      } catch (thrown) {
        trace.problem = problemOf(thrown)
        throw authenticateError(thrown)
      } finally {
        trace.authenticateMs = performance.now() - started
      }
    },
  }
}

interface Context {
  readonly user: User | undefined
  readonly trace: Trace
  readonly rules: AuthRules | undefined
  readonly strict: boolean
}

async function authorize<E extends AuthEvent>(
  { user, trace, rules, strict }: Context,
  event: E,
  value: AuthEventValueMap[E],
): Promise<Authorized<E>> {
  const handlerKey = rules && handlerKeyFor(rules, event)
  const handler = handlerKey && rules.handlers.get(handlerKey)
  const entry: EventTrace = { event, handler: handlerKey, decision: undefined, changes: [], hidden: undefined, ms: 0 }
  trace.events.push(entry)

  if (!rules) return conclude({ kind: 'allow-all', reason: 'authentication is off (--no-auth)' })
  // Rules are about users. Whoever comes without one, for instance from a queue that lost it, gets nothing.
  if (!user) return conclude({ kind: 'deny', reason: 'there is no user to ask the rules about' })
  if (!handler || !handlerKey) {
    return conclude(
      strict
        ? { kind: 'deny', reason: `no handler covers ${event} (--strict)` }
        : { kind: 'allow-all', reason: `UNPROTECTED: no handler covers ${event}` },
    )
  }

  const started = performance.now()
  const before = snapshotOf(value)
  let returned: unknown
  try {
    const [resource, action] = event.split(':')
    returned = await handler({ event, resource, action, value, user, permissions: user.permissions } as never)
  } catch (thrown) {
    trace.problem = `${handlerKey}: ${problemOf(thrown)}`
    throw handlerError(thrown)
  } finally {
    entry.ms = performance.now() - started
    entry.changes = changesSince(before, value)
  }

  try {
    checkValue(event, value)
    return conclude(decisionFrom(returned, handlerKey))
  } catch (error) {
    trace.problem ??= `${handlerKey}: ${problemOf(error)}`
    throw error
  }

  function conclude(decision: Decision): Authorized<E> {
    entry.decision = decision
    switch (decision.kind) {
      case 'deny':
        trace.problem = decision.reason
        throw new AuthkitError('forbidden', 'Forbidden')
      case 'only':
        return { scope: scopeOf(decision.filter, `handler ${decision.handler}`, entry), value }
      case 'allow-all':
        return { scope: scopeOf(undefined, decision.reason, entry), value }
    }
  }
}

/** LangGraph's conversions, where a result that means nothing (0, "", a list) is a bug of the handler, not a permission. */
function decisionFrom(returned: unknown, handler: NonNullable<EventTrace['handler']>): Decision {
  if (returned === undefined || returned === null || returned === true) {
    return { kind: 'allow-all', reason: `handler ${handler} returned ${returned === true ? 'true' : 'nothing'}` }
  }
  if (returned === false) return { kind: 'deny', reason: `handler ${handler} returned false` }
  return { kind: 'only', filter: parseFilter(returned), handler }
}

function authenticateError(thrown: unknown): AuthkitError {
  if (thrown instanceof AuthkitError) return thrown
  const refusal = refusalOf(thrown)
  if (!refusal) return new AuthkitError('unauthenticated', 'Unauthorized', { cause: thrown })
  const { status, message = 'Unauthorized', headers, explanation } = refusal
  const options = { status, headers, cause: thrown }
  if (!explanation) return new AuthkitError('unauthenticated', message, options)
  return new AuthkitError(explanation.code, message, { ...options, hint: adviceOf(explanation), explained: true })
}

/** What came, what was expected, and what to do about it. */
function adviceOf({ problem, hint }: Explanation): string {
  return problem === undefined ? hint : `${problem}. ${hint}`
}

function handlerError(thrown: unknown): AuthkitError {
  const refusal = refusalOf(thrown)
  if (refusal) {
    const { status, message = 'Forbidden', headers } = refusal
    return new AuthkitError('forbidden', message, { status, headers, cause: thrown })
  }
  // An assertion in a handler is a permission check, as on LangGraph Platform; two copies of the class may meet.
  if (thrown instanceof AssertionError || (thrown instanceof Error && thrown.name === 'AssertionError')) {
    return new AuthkitError('forbidden', 'Forbidden', { cause: thrown })
  }
  return new AuthkitError('handler_failed', 'Internal Server Error', { cause: thrown })
}

function problemOf(thrown: unknown): string {
  if (thrown instanceof AuthkitError && typeof thrown.cause === 'string') return thrown.cause
  const explanation = refusalOf(thrown)?.explanation
  if (explanation) return `${explanation.code}: ${adviceOf(explanation)}`
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
  return refusalOf(thrown)?.message ?? String(thrown)
}
