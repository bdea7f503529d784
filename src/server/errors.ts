import type { Trace } from '../engine/trace.js'
import { AuthkitError } from '../errors/authkit-error.js'

const OF_BODY = ['content-type', 'content-length', 'content-encoding', 'transfer-encoding']

/**
 * What a client is told about an error: `{"detail": ...}`, always, and why its credential was refused, where that is known.
 * Bugs (of auth.ts or ours) say only where to look; what happened goes into the trace.
 */
export function errorResponse(error: unknown, trace: Trace): Response {
  const known = toAuthkitError(error)
  // What a file of the project does wrong is for its developer, whatever the client is told.
  const ours = known.status >= 500 || known.code === 'graph_broken'
  if (ours && trace.problem === undefined) trace.problem = problemOf(known)
  const detail = known.status === 500 ? `Internal Server Error (request ${trace.requestId})` : known.detail
  const headers = new Headers(known.headers)
  // Handlers may throw a Response with a body of its own; that body is not sent, so nothing may describe it.
  for (const name of OF_BODY) headers.delete(name)
  const why = known.explained ? { code: known.code, hint: known.hint } : {}
  return Response.json({ detail, ...why }, { status: known.status, headers })
}

function toAuthkitError(error: unknown): AuthkitError {
  if (error instanceof AuthkitError) return error
  return new AuthkitError('internal', 'Internal Server Error', { cause: error })
}

function problemOf({ message, cause }: AuthkitError): string {
  if (cause instanceof Error) return cause.stack ?? cause.message
  return typeof cause === 'string' ? cause : message
}
