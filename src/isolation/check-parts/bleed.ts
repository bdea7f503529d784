import type { Inspection } from '../check.js'
import type { Evidence } from '../evidence.js'
import type { Exchange } from '../probe.js'
import type { Verdict } from '../verdict.js'

/** More of the same proves nothing more. */
const MOST = 5

/**
 * What many answers say together: evidence where one shows what belongs to somebody else. Crashes and refused hurry are
 * counted, not judged; where they are the most of it, nothing was seen.
 */
export function bleedIn({ seen }: Inspection, exchanges: readonly Exchange[]): Evidence[] | Verdict {
  const evidence = exchanges.flatMap(seen)
  if (evidence.length > 0) return evidence.slice(0, MOST)
  const lost = exchanges.filter(({ status }) => status === 0 || status === 429 || status >= 500).length
  if (lost * 2 <= exchanges.length) return []
  return { kind: 'inconclusive', reason: `${lost} of ${exchanges.length} requests got no answer, a 429 or a crash` }
}

/** Why a check needs connections that it can hold in its hand, where there are none. */
export const NO_LINE = 'connections are shared only on a server that is reached over the network'
