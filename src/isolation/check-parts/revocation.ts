import { setTimeout as sleep } from 'node:timers/promises'
import type { Inspection } from '../check.js'
import { type Probe, succeeded } from '../probe.js'
import { held, type Verdict } from '../verdict.js'

/** How a server says that a credential is not one. */
const REFUSALS = new Set([401, 403, 404, 410])

/** What is refused at once must still be refused when other nodes and caches had their turn. */
const AGAIN_AFTER_MS = 1000

/**
 * Tries what has just been revoked: at once, after a second, and until the window is over. Isolated says how long it took;
 * what is still accepted at the end is a leak.
 */
export async function untilRefused(
  { attack, stage, stated }: Pick<Inspection, 'attack' | 'stage' | 'stated'>,
  probe: Probe,
): Promise<Verdict> {
  const windowMs = stage.settings.revocationWindowMs
  const startedAt = performance.now()
  const since = () => Math.round(performance.now() - startedAt)
  let refusedAt: number | undefined
  for (let pauseMs = 0; ; pauseMs = AGAIN_AFTER_MS) {
    await sleep(pauseMs)
    const exchange = await attack(probe)
    // Anything but a refusal of the credential, such as "too many requests", says nothing about it.
    if (!succeeded(exchange) && !REFUSALS.has(exchange.status)) {
      return { kind: 'inconclusive', reason: `no answer that tells anything: ${exchange.status || exchange.ending}` }
    }
    if (!succeeded(exchange)) {
      if (refusedAt !== undefined) return held(`${exchange.status}, ${refusedAt} ms after it ended`)
      refusedAt = since()
    } else {
      refusedAt = undefined
      if (since() >= windowMs) {
        return { kind: 'leak', evidence: [stated(exchange, 'answer', `still accepted ${since()} ms after it ended`)] }
      }
    }
  }
}
