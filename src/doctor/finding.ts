import type { AuthkitError } from '../errors/authkit-error.js'
import type { ErrorCode } from '../errors/codes.js'

/**
 * `undecided` could not be looked at in time, `note` is for a person to look at, and `skipped` is what there is nothing to
 * look at for.
 */
export const LEVELS = ['wrong', 'warning', 'undecided', 'note', 'ok', 'skipped'] as const
export type Level = (typeof LEVELS)[number]

/** What a check found. Whatever is not as it should be says what to do about it. */
export type Finding =
  | { readonly level: 'ok' | 'note' | 'skipped'; readonly message: string }
  | {
      readonly level: 'wrong' | 'warning' | 'undecided'
      readonly message: string
      readonly fix: string
      /** The error that this leads to elsewhere. */
      readonly code?: ErrorCode
    }

export const ok = (message: string): Finding => ({ level: 'ok', message })

export const note = (message: string): Finding => ({ level: 'note', message })

export const skipped = (message: string): Finding => ({ level: 'skipped', message })

export const warning = (message: string, fix: string, code?: ErrorCode): Finding => ({
  level: 'warning',
  message,
  fix,
  ...(code !== undefined && { code }),
})

export const wrong = (message: string, fix: string, code?: ErrorCode): Finding => ({
  level: 'wrong',
  message,
  fix,
  ...(code !== undefined && { code }),
})

export const undecided = (message: string, fix: string): Finding => ({ level: 'undecided', message, fix })

/** An error as a finding: its message, and its hint for what to do. */
export const wrongAs = (error: AuthkitError): Finding => wrong(error.message, error.hint, error.code)
