import type { Json } from './provider.js'

/** A string that says something, or undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A JSON object; an empty one for anything else. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

/** The objects of a JSON array; none for anything else. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : []
}

/** Whether an issuer is https and lies under a domain: `acme.auth0.com` is within `auth0.com`. */
export function within(issuer: URL, domain: string): boolean {
  return issuer.protocol === 'https:' && (issuer.hostname === domain || issuer.hostname.endsWith(`.${domain}`))
}
