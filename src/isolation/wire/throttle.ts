import { setTimeout as sleep } from 'node:timers/promises'
import type { Line } from './line.js'
import type { Transport } from './transport.js'
import type { WireRequest } from './wire.js'

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

  /** Waits until so many more requests may be sent. */
  const turn = async (requests = 1) => {
    if (perSecond === undefined) return
    const now = performance.now()
    const at = Math.max(now, nextAt)
    nextAt = at + (requests * 1000) / perSecond
    if (at > now) await sleep(at - now)
  }
  const enter = async () => {
    while (inFlight >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    inFlight++
    await turn()
  }
  const leave = () => {
    inFlight--
    waiting.shift()?.()
  }

  const slowly = (line: Line): Line => ({
    async send(request) {
      await turn()
      return line.send(request)
    },
    async pipeline(requests) {
      await turn(requests.length)
      return line.pipeline(requests)
    },
    async abort(request, afterMs) {
      await turn()
      await line.abort(request, afterMs)
    },
    close: () => line.close(),
  })
  const { socket, line } = transport

  return {
    ...transport,
    ...(socket
      ? {
          async socket(request: WireRequest, messages: readonly string[]) {
            await turn()
            return socket(request, messages)
          },
        }
      : {}),
    ...(line ? { line: () => slowly(line()) } : {}),
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
