/** What a token says about its user, in the words of RFC 7519, RFC 9068 and OpenID Connect. */
export interface Claims {
  readonly iss?: string
  readonly sub?: string
  readonly [claim: string]: unknown
}

/** What is granted: `scope` with spaces between (RFC 9068 2.2.3), or `scp`, which may be a list (Okta, Entra). */
export function scopesIn({ scope, scp }: Claims): readonly string[] {
  const granted = scope ?? scp
  if (typeof granted === 'string') return granted.split(' ').filter((one) => one !== '')
  return stringsIn(granted)
}

/** The application that the token was issued to: `client_id` (RFC 9068 2.2), or what others call it. */
export function clientIn(claims: Claims): string | undefined {
  // In this order: `azp` is of OpenID Connect, `appid` of Entra's older tokens, `cid` of Okta's.
  const names = ['client_id', 'azp', 'appid', 'cid']
  return names.map((name) => claims[name]).find((value): value is string => typeof value === 'string' && value !== '')
}

/** A claim that is one string or a list of them, such as `aud`. */
export function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** A value from a token, for a line that a developer reads. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`
}
