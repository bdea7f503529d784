import { HTTPException } from 'hono/http-exception'
import type { Trace } from '../engine/trace.js'
import { AuthkitError } from '../errors/authkit-error.js'

/**
 * What a client is told about an error: `{"detail": ...}`, always. Bugs (of auth.ts or ours) say only where to look; what
 * happened goes into the trace.
 */
export function errorResponse(error: unknown, trace: Trace): Response {
  const known = toAuthkitError(error)
  if (known.status >= 500 && trace.problem === undefined) trace.problem = problemOf(known)
  const detail = known.status === 500 ? `Internal Server Error (request ${trace.requestId})` : known.message
  return Response.json({ detail }, { status: known.status, headers: known.headers })
}

function toAuthkitError(error: unknown): AuthkitError {
  if (error instanceof AuthkitError) return error
  if (error instanceof HTTPException && error.status === 413)
    return new AuthkitError('body_too_large', 'The body is too large.')
  return new AuthkitError('internal', 'Internal Server Error', { cause: error })
}

function problemOf({ message, cause }: AuthkitError): string {
  if (cause instanceof Error) return cause.stack ?? cause.message
  return typeof cause === 'string' ? cause : message
}
