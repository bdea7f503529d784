import { STATUS_CODES } from 'node:http'
import { ERRORS, type ErrorCode } from '../errors/codes.js'

/**
 * Refuses a request from `authenticate` or from a handler, with a status, a message and headers. The server takes any
 * thrown object that has both `status` and `headers` for one, as LangGraph does, so two copies of the class may meet.
 *
 * @example
 * throw new HTTPException(401, { message: 'Token expired', headers: { 'www-authenticate': 'Bearer' } })
 */
export class HTTPException extends Error {
  status: number
  headers: HeadersInit

  constructor(status: number, options?: { message?: string; headers?: HeadersInit; cause?: unknown }) {
    super(options?.message ?? STATUS_CODES[status] ?? 'Unknown error', { cause: options?.cause })
    this.status = status
    this.headers = options?.headers ?? {}
  }
}

/** What a thrown HTTPException, of either library, asks for. Undefined for everything else. */
export interface Refusal {
  readonly status: number
  readonly message: string | undefined
  readonly headers: Record<string, string>
  /** What it says to the developer, where it comes from one of authkit's own methods of authentication. */
  readonly explanation: Explanation | undefined
}

/** Why a credential was refused, for the developer alone. */
export interface Explanation {
  readonly code: ErrorCode
  /** What was expected, and what came. */
  readonly problem: string | undefined
  readonly hint: string
}

/**
 * Reads a thrown value as an HTTPException. A status that is not a refusal (outside 400-599, or not a number) is not
 * one: a handler that throws status 200 has a bug, and the bug must not look like an answer.
 */
export function refusalOf(thrown: unknown): Refusal | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('status' in thrown) || !('headers' in thrown)) return undefined
  const { status, headers } = thrown as { status: unknown; headers: unknown }
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 599) return undefined
  const message = 'message' in thrown && typeof thrown.message === 'string' ? thrown.message : undefined
  let entries: Record<string, string> = {}
  try {
    entries = Object.fromEntries(new Headers((headers ?? {}) as HeadersInit))
  } catch {
    // Headers that HTTP cannot carry are dropped; the refusal itself stands.
  }
  return { status, message, headers: entries, explanation: explanationOf(thrown) }
}

/** Read from its shape as well: the bundle of auth.ts has a class of its own. Others carry a `code` too, but none of ours. */
function explanationOf(thrown: object): Explanation | undefined {
  const { code, problem, hint } = thrown as { code?: unknown; problem?: unknown; hint?: unknown }
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code) || typeof hint !== 'string') return undefined
  return { code: code as ErrorCode, problem: typeof problem === 'string' ? problem : undefined, hint }
}
