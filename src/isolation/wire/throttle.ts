import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport } from './transport.js'

/** However slow a server asks us to be, a check may hold a stream open and send beside it. */
const FEWEST = 4

/**
 * A transport that sends no more than so many requests a second, and that goes easy on a server that says 429: each time,
 * half as many are on their way at once, for the rest of the run.
 */
export function throttled(transport: Transport, perSecond: number | undefined): Transport {
  let limit = Number.POSITIVE_INFINITY
  let inFlight = 0
  let nextAt = 0
  const waiting: (() => void)[] = []

  const enter = async () => {
    while (inFlight >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    inFlight++
    if (perSecond === undefined) return
    const now = performance.now()
    const turn = Math.max(now, nextAt)
    nextAt = turn + 1000 / perSecond
    if (turn > now) await sleep(turn - now)
  }
  const leave = () => {
    inFlight--
    waiting.shift()?.()
  }

  return {
    ...transport,
    async send(request) {
      await enter()
      try {
        const answer = await transport.send(request)
        if (answer.status === 429) limit = Math.max(FEWEST, Math.floor(Math.min(limit, inFlight) / 2))
        return answer
      } finally {
        leave()
      }
    },
  }
}
