import type { Loopback, Provider } from './provider.js'

/** The path of the callback that `authkit login` listens on. */
export const CALLBACK_PATH = '/callback'

/** The ports that `authkit login` tries in turn where a provider compares the callback exactly. */
export const FIXED_PORTS = [47821, 47822, 47823] as const

/** RFC 8252 7.3: registered without a port, used with any. */
export const ANY_PORT: Loopback = { rule: 'any-port', host: '127.0.0.1' }

/**
 * The callbacks to register at a provider: one without a port where it takes any, one a port where it compares exactly,
 * none where it wants https.
 *
 * @example
 * callbacksOf(providerNamed('auth0')) // ['http://127.0.0.1:47821/callback', ...]
 */
export function callbacksOf({ loopback }: Provider): string[] {
  if (loopback.rule === 'none') return []
  const ports = loopback.rule === 'any-port' ? [''] : loopback.ports.map((port) => `:${port}`)
  return ports.map((port) => `http://${loopback.host}${port}${CALLBACK_PATH}`)
}
