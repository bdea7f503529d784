import { isIPv4 } from 'node:net'
import { AuthkitError } from '../../errors/authkit-error.js'

/** Whether a URL leads to this machine, by its address and not by what a name may resolve to. */
export function isLoopback({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIPv4(hostname) && hostname.startsWith('127.')
}

/**
 * A URL that tokens, codes and secrets may travel to: https, or plain http within this machine (RFC 8252 8.3).
 *
 * @param what - Whose address it is, as the error names it: `the token endpoint`.
 * @throws AuthkitError `issuer_insecure` for plain http elsewhere, `provider_misconfigured` for what is no such URL.
 */
export function secureUrl(url: string | URL, what: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') || parsed.username || parsed.password) {
    throw new AuthkitError('provider_misconfigured', `The address of ${what} is not an https URL.`)
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed)) {
    throw new AuthkitError('issuer_insecure', `${parsed.origin} is plain http, so ${what} can't be trusted.`)
  }
  return parsed
}
