import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import type { Caller } from '../engine/engine.js'
import type { AuthEvent } from '../engine/events.js'
import type { RouteGroup, ServerEnv } from './context.js'
import { parseBody, parseParams, parseQuery } from './parse.js'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What a handler gets: the caller, and input that has been validated. */
export interface Input<P, Q, B> {
  readonly c: Context<ServerEnv>
  readonly caller: Caller
  readonly params: P
  readonly query: Q
  readonly body: B
}

export interface RouteSpec<P = unknown, Q = unknown, B = unknown> {
  readonly method: Method
  /** A path with its parameters in braces, as in OpenAPI: `/threads/{thread_id}`. */
  readonly path: string
  readonly group: RouteGroup
  readonly summary: string
  /** The events that the rules are asked about, in order. */
  readonly events: readonly AuthEvent[]
  readonly params?: z.ZodType<P>
  readonly query?: z.ZodType<Q>
  readonly body?: z.ZodType<B>
  /** What comes back: by status, in words and where it is JSON as a schema. */
  readonly answers: Readonly<Record<number, Answer>>
  readonly handle: (input: Input<P, Q, B>) => Response | Promise<Response>
}

export interface Answer {
  readonly description: string
  readonly schema?: z.ZodType
  /** Of the body; JSON where nothing is said. */
  readonly type?: 'text/event-stream'
}

/** A route whose types are known to itself alone. */
export type Route = RouteSpec<never, never, never>

/** One route as data: what validates a request also describes it in /openapi.json. */
export function route<P, Q, B>(spec: RouteSpec<P, Q, B>): Route {
  return spec as unknown as Route
}

/** Adds routes to an app, in order: the first that fits a path answers. */
export function mount(app: Hono<ServerEnv>, routes: readonly Route[]): void {
  for (const spec of routes) {
    app.on(spec.method, spec.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (c) => {
      const params = parseParams(c, spec.params)
      const query = parseQuery(c, spec.query)
      const body = await parseBody(c, spec.body)
      return spec.handle({ c, caller: c.get('caller'), params, query, body } as never)
    })
  }
}
