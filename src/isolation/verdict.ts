import type { Evidence } from './evidence.js'
import { type Exchange, isEmptyAnswer, isWebPage, succeeded } from './probe.js'

export type Verdict =
  | {
      readonly kind: 'isolated'
      /** How the server refused: the statuses, in order. */
      readonly note: string
      /** Bob could not have done this to his own object either: a role refused him, not ownership. */
      readonly byRole: boolean
      /** What is no leak and still worth knowing, such as a token that is taken from the URL as well. */
      readonly remarks?: readonly string[]
    }
  | { readonly kind: 'leak'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'inconclusive'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string }

/** What a positive control showed: the same request, by somebody who may. */
export type Control =
  | { readonly kind: 'proved' }
  | { readonly kind: 'unsupported'; readonly reason: string }
  /** She was let in, and there was nothing: a refusal of others counts, an empty answer to them does not. */
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * What a 2xx means that carries no canary: a leak (the object is not Bob's to have), a leak unless the answer is empty,
 * or nothing at all, because the request stayed in Bob's own space and only the after-check can tell.
 */
export type On2xx = 'leak' | 'leak-unless-empty' | 'own'

export interface Observation {
  readonly exchange: Exchange
  /** Canaries in the answer, under the echo rule. */
  readonly evidence: readonly Evidence[]
  readonly control: Control
}

/** How a check wants its answers read, besides what a 2xx means. */
export interface Reading {
  readonly on2xx: On2xx
  /** Statuses that are an honest answer to this attack, though they are none to others. */
  readonly accepts?: readonly number[]
  /** What to do about a crash, where its cause is known. */
  readonly onCrash?: string
}

const DENIED = new Set([401, 403, 404, 410])
/** They refuse the request, not the person, so they count only where Alice's identical request went through. */
const REFUSED = new Set([400, 405, 409, 415, 422])

/**
 * The verdict on one request. The order is the rule: evidence of a leak beats every status and every failed control;
 * then the control decides whether the rest means anything; a crash, a time-out or silence never counts as isolated.
 *
 * `unexpected` makes the evidence of a 2xx that should not have been.
 */
export function judge(
  { exchange, evidence, control }: Observation,
  { on2xx, accepts = [], onCrash }: Reading,
  unexpected: (exchange: Exchange) => Evidence,
): Verdict {
  if (evidence.length > 0) return { kind: 'leak', evidence }
  if (control.kind === 'unsupported') return { kind: 'skipped', reason: control.reason }
  if (control.kind === 'failed') return { kind: 'inconclusive', reason: control.reason }
  if (control.kind === 'silent' && succeeded(exchange) && isEmptyAnswer(exchange)) {
    return { kind: 'skipped', reason: control.reason }
  }
  const open = undecided(exchange)
  if (open !== undefined) return { kind: 'inconclusive', reason: open }
  const served =
    succeeded(exchange) && (on2xx === 'leak' || (on2xx === 'leak-unless-empty' && !isEmptyAnswer(exchange)))
  if (served) return { kind: 'leak', evidence: [unexpected(exchange)] }
  return accepts.includes(exchange.status) ? held(String(exchange.status)) : judgeDenial(exchange, onCrash)
}

/** Why an answer that is none can't be judged. */
function undecided({ ending, status, body }: Exchange): string | undefined {
  if (ending === 'timeout') return 'no answer in time'
  if (ending === 'reset') return 'the connection was reset'
  if (ending === 'cut') return 'the answer could not be searched to its end'
  // Of a proxy, most likely. It serves nothing, and denies nothing either.
  return status < 300 && isWebPage(body) ? `a web page instead of an answer (${status})` : undefined
}

function judgeDenial(exchange: Exchange, onCrash = 'make it a 401, 403 or 404'): Verdict {
  const { status } = exchange
  const inconclusive = (reason: string): Verdict => ({ kind: 'inconclusive', reason })
  if (DENIED.has(status) || REFUSED.has(status)) return held(String(status))
  if (succeeded(exchange)) return held(isEmptyAnswer(exchange) ? `${status} empty` : `${status} own`)
  if (status === 429) return inconclusive('rate limited')
  if (status >= 500) return inconclusive(`denied by a crash (${status}): ${onCrash}`)
  if (status >= 300 && status < 400 && isSignIn(exchange.headers['location'] ?? '')) return held(`${status} sign-in`)
  return inconclusive(`unexpected status ${status}`)
}

/** Nothing leaked. */
export function held(note: string, remarks: readonly string[] = []): Verdict {
  return { kind: 'isolated', note, byRole: false, ...(remarks.length === 0 ? {} : { remarks }) }
}

function isSignIn(location: string): boolean {
  return /log-?in|sign-?in|oauth|authorize/i.test(location)
}

/** The worst wins; a request that the server doesn't know takes nothing away from the others. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const leaks = verdicts.flatMap((verdict) => (verdict.kind === 'leak' ? verdict.evidence : []))
  if (leaks.length > 0) return { kind: 'leak', evidence: leaks }
  const open = verdicts.find(({ kind }) => kind === 'inconclusive')
  if (open) return open
  const holding = verdicts.flatMap((verdict) => (verdict.kind === 'isolated' ? [verdict] : []))
  const [skipped] = verdicts
  if (holding.length === 0) return skipped ?? { kind: 'inconclusive', reason: 'nothing was tried' }
  const remarks = [...new Set(holding.flatMap((verdict) => verdict.remarks ?? []))]
  return {
    kind: 'isolated',
    note: [...new Set(holding.map(({ note }) => note))].join(', '),
    byRole: holding.some(({ byRole }) => byRole),
    ...(remarks.length === 0 ? {} : { remarks }),
  }
}
