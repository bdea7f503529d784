import type { Middleware } from './middleware.js'

/** How long a device waits between two questions, in seconds. Short, because nobody else asks here. */
export const POLLING_INTERVAL = 2

/** Timers of devices are no clocks. */
const TOLERANCE = 0.5

/**
 * Says how often a device may ask (RFC 8628 3.2), and refuses one that asks sooner (3.5), so that what is developed here
 * has met `slow_down` before it meets a provider that means it.
 */
export function devicePolling(now: () => number = () => Date.now() / 1000): Middleware {
  /** When each code was asked about last. Codes live for minutes, and so do these. */
  const lastAsked = new Map<string, number>()

  return async function polling(ctx, next) {
    await next()
    const { oidc } = ctx
    const body = ctx.body as Record<string, unknown> | undefined
    if (oidc?.route === 'device_authorization' && ctx.status === 200) ctx.body = { ...body, interval: POLLING_INTERVAL }
    const code = oidc?.route === 'token' ? oidc.params?.['device_code'] : undefined
    if (typeof code !== 'string') return
    if (body?.['error'] !== 'authorization_pending') return void lastAsked.delete(code)
    const last = lastAsked.get(code) ?? Number.NEGATIVE_INFINITY
    lastAsked.set(code, now())
    for (const [other, at] of lastAsked) if (now() - at > 3600) lastAsked.delete(other)
    if (now() - last < POLLING_INTERVAL - TOLERANCE) {
      ctx.body = { error: 'slow_down', error_description: `ask every ${POLLING_INTERVAL} seconds` }
    }
  }
}
