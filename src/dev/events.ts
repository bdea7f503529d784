import type { AuthEvent, HandlerKey } from '../engine/events.js'
import type { AuthkitError } from '../errors/authkit-error.js'
import type { PublicToken } from '../identity/placeholder-tokens.js'
import type { LocalUser } from '../issuer/users.js'
import type { RunRecord } from '../runtime/runs/run-record.js'
import type { RequestRecord } from '../server/context.js'

/** Which handler covers an event. */
export interface EventCoverage {
  readonly event: AuthEvent
  readonly handler: HandlerKey | undefined
}

/** What the rules are at this moment, for people to read. */
export type RulesReport =
  | {
      readonly kind: 'ready'
      readonly file: string
      readonly coverage: readonly EventCoverage[]
      readonly tokens: readonly PublicToken[]
    }
  | { readonly kind: 'off' }
  | { readonly kind: 'broken'; readonly error: AuthkitError }

/** Whether people can sign in here, and as whom. */
export type IssuerReport =
  | { readonly kind: 'on'; readonly url: string; readonly users: readonly LocalUser[] }
  /** `left-out` where the developer said so, `not-loopback` where other machines reach the server. */
  | { readonly kind: 'off'; readonly why: 'left-out' | 'not-loopback' }

/** What happens while the dev server runs. The terminal and `--json` are two readers of the same events. */
export type DevEvent =
  | {
      readonly kind: 'ready'
      readonly url: string
      /** From the start of the process. */
      readonly ms: number
      readonly rules: RulesReport
      readonly issuer: IssuerReport
      readonly database: string
      readonly graphs: readonly string[]
      readonly strict: boolean
      /** What a developer should know about how this server was started. */
      readonly warnings: readonly string[]
    }
  | {
      readonly kind: 'reloaded'
      readonly file: string
      readonly ms: number
      readonly rules: RulesReport
      readonly strict: boolean
      /** Those that hold now, as `ready` has them. */
      readonly warnings: readonly string[]
      /** Those among them that did not hold before. */
      readonly newWarnings: readonly string[]
    }
  /** Something went wrong, and the server goes on. */
  | { readonly kind: 'problem'; readonly time: Date; readonly message: string; readonly stack: string | undefined }
  | { readonly kind: 'request'; readonly record: RequestRecord }
  /** A run has ended. */
  | { readonly kind: 'run'; readonly record: RunRecord }
  | { readonly kind: 'stopping' }
