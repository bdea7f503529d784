import type { Check } from '../check.js'
import { ok, skipped, warning, wrong } from '../finding.js'

/** What auth.ts lets pass (`clockTolerance`), in seconds. */
const TOLERATED = 30
const NOTICEABLE = 10

export const issuerClock: Check = {
  id: 'issuer.clock',
  subject: 'provider',
  title: 'The clock of this machine agrees with that of the provider',
  about:
    'Compares the clock with the Date header of the discovery document. auth.ts forgives 30 seconds; beyond that, fresh tokens are not valid yet, or have expired already.',
  async look({ discovery }) {
    const found = await discovery()
    if (!found || found.kind === 'unreached') return skipped('There is no issuer to ask.')
    if (found.aheadMs === undefined) return skipped('Its answer has no Date header.')
    const seconds = Math.round(Math.abs(found.aheadMs) / 1000)
    const message = `The clock of this machine is ${seconds} s ${found.aheadMs > 0 ? 'ahead of' : 'behind'} the provider's.`
    if (seconds > TOLERATED) return wrong(message, SYNC)
    if (seconds > NOTICEABLE) return warning(message, SYNC)
    return ok(`${seconds} s apart at most`)
  },
}

const SYNC = 'Switch time synchronisation on, here or at the provider: `timedatectl set-ntp true` on Linux.'
