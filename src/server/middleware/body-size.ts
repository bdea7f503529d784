import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { AuthkitError } from '../../errors/authkit-error.js'

const MAX_BODY_BYTES = 10 * 1024 * 1024

/**
 * Refuses bodies that are too large, before they are read. Most requests say how long they are; the others are counted
 * while they are read.
 *
 * @param maxSize In bytes.
 */
export function bodySize(maxSize = MAX_BODY_BYTES): MiddlewareHandler {
  const refuse = (): never => {
    throw new AuthkitError('body_too_large', `The body is larger than ${maxSize} bytes.`)
  }
  const counted = bodyLimit({ maxSize, onError: refuse })

  return async function size(c, next) {
    const { method } = c.req
    if (method === 'GET' || method === 'HEAD') return next()
    const length = c.req.header('content-length')
    // RFC 9112 6.3: a transfer encoding overrides a length.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) return counted(c, next)
    return Number(length) > maxSize ? refuse() : next()
  }
}
