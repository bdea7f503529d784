import type { TokenSet } from '../login.js'

const MINUTE_MS = 60_000

/** How long before its end a token is no longer handed out, in milliseconds: what a request may take to arrive. */
const LAST_MS = 5000

/**
 * How long before its end an access token is renewed, in milliseconds: a tenth of its life, but at least one minute and at
 * most five, and up to a tenth more, so that many who hold it don't come at once. Never more than half of its life, or a
 * token of a minute would be renewed with every use.
 *
 * @param random From 0 to 1.
 */
export function renewalMarginMs(lifetimeMs: number, random: number): number {
  const margin = Math.max(MINUTE_MS, Math.min(5 * MINUTE_MS, lifetimeMs / 10))
  return Math.min(margin * (1 + random / 10), lifetimeMs / 2)
}

/** Whether an access token can be handed out as it is. One whose end nobody knows can. */
export function isFresh({ expiresAt, issuedAt }: TokenSet, now: number, random: number): boolean {
  return expiresAt === undefined || expiresAt - now > renewalMarginMs(expiresAt - issuedAt, random)
}

/** Whether an access token still works, for as long as a request takes. */
export function isUsable({ expiresAt }: TokenSet, now: number): boolean {
  return expiresAt === undefined || expiresAt - now > LAST_MS
}

/** Whether there is something to renew it with. */
export function isRenewable({ refreshToken, refreshExpiresAt }: TokenSet, now: number): boolean {
  return refreshToken !== undefined && (refreshExpiresAt === undefined || refreshExpiresAt > now)
}
