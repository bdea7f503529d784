import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { AllowedHosts } from '../context.js'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses requests whose Host header names no host of this server. A page on the internet can make a browser send
 * requests to 127.0.0.1 under a name of its own (DNS rebinding); the header then carries that name.
 */
export function hostCheck({ names = [], addresses = false }: AllowedHosts = {}): MiddlewareHandler {
  const served = new Set([...LOOPBACK, ...names.map((name) => name.toLowerCase())])
  return async function host(c, next) {
    const name = hostName(c.req.header('host'))
    // An address literal can't be rebound: there is no name to point elsewhere.
    if (!served.has(name) && !(addresses && isAddress(name))) {
      throw new AuthkitError('host_not_allowed', `Host ${JSON.stringify(name)} is not served here.`)
    }
    await next()
  }
}

function hostName(header: string | undefined): string {
  return (header ?? '').toLowerCase().replace(/:\d+$/, '')
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0
}
