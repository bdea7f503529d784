import { ERRORS, type ErrorCode, type ErrorSpec } from './codes.js'

export interface AuthkitErrorOptions {
  /** What really happened. Logged, never sent to a client. */
  readonly cause?: unknown
  /** Overrides the status of the table, for errors whose status is decided at the throw. */
  readonly status?: number
  /** Overrides the hint of the table, where the throw knows better. */
  readonly hint?: string
  /** What a client may be told, where the message is for the terminal only. The message, where absent. */
  readonly detail?: string
  /** Tells a client of the dev server the code and the hint too, for it is its developer's. */
  readonly explained?: boolean
  /** Headers of the HTTP answer, such as `WWW-Authenticate`. */
  readonly headers?: Record<string, string>
}

/**
 * The one error class of authkit: a stable `code` from the table, a message for people, and the hint of the table.
 * Whatever is secret or internal goes into `cause`.
 *
 * @example
 * throw new AuthkitError('port_in_use', 'Port 2024 is in use.')
 */
export class AuthkitError extends Error {
  override readonly name = 'AuthkitError'
  readonly code: ErrorCode
  readonly status: number
  readonly hint: string
  readonly detail: string
  readonly explained: boolean
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, message: string, options: AuthkitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? ERRORS[code].status
    this.hint = options.hint ?? ERRORS[code].hint
    this.detail = options.detail ?? message
    this.explained = options.explained ?? false
    this.headers = options.headers ?? {}
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code]
  }

  toJSON(): { code: ErrorCode; message: string; hint: string } {
    return { code: this.code, message: this.message, hint: this.hint }
  }
}
