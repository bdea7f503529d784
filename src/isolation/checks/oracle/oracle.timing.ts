import type { Check, Inspection } from '../../check.js'
import { chanceOf, median } from '../../check-parts/rank-test.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get } from '../../probe.js'

const PAIRS = 60

/** Both must be exceeded: tiny differences can't be measured over a network, and small ones are noise. */
const LEAST_MS = 2
const LEAST_SHARE = 0.25
const LEAST_SURE = 0.001

interface Series {
  readonly hidden: readonly number[]
  readonly absent: readonly number[]
  readonly last: Exchange
}

/** One after the other and in turn, so that both meet the same moods of the server. */
async function measure({ scene, attack }: Inspection): Promise<Series> {
  const hers = get(`/threads/${scene.target.thread.id}`)
  const hidden: number[] = []
  const absent: number[] = []
  let last = await attack(hers)
  for (let index = 0; index < PAIRS; index++) {
    absent.push((await attack(get(`/threads/${scene.absent()}`))).ms)
    last = await attack(hers)
    hidden.push(last.ms)
  }
  return { hidden, absent, last }
}

/** The difference of the medians where it is one, in milliseconds. */
function differenceOf({ hidden, absent }: Series): number | undefined {
  const [slow, fast] = [median(hidden), median(absent)].toSorted((a, b) => b - a) as [number, number]
  const clear = slow - fast > LEAST_MS && (slow - fast) / fast > LEAST_SHARE && chanceOf(hidden, absent) < LEAST_SURE
  return clear ? slow - fast : undefined
}

export const oracleTiming: Check = {
  id: 'oracle.timing',
  family: 'oracle',
  resource: 'threads',
  operation: 'read',
  title: "Bob can't tell Alice's threads from ones that don't exist by how long an answer takes",
  failure: "Bob can tell Alice's threads from ones that don't exist by how long an answer takes",
  impact: 'An attacker who measures often enough learns which ids exist, whatever the answers say.',
  severity: 'low',
  refs: ['208'],
  event: null,
  fix: serverBug(
    'ask the database for the object and its owner in one query, so that a hidden object costs what an absent one does',
  ),
  needs: ['thread'],
  when: 'alone',
  optIn: 'timing',
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const first = differenceOf(await measure(inspection))
    if (first === undefined) return []
    // Twice in a row: once in a thousand is seldom, and happens.
    const series = await measure(inspection)
    const second = differenceOf(series)
    if (second === undefined) return []
    const apart = `${Math.min(first, second).toFixed(1)} ms apart, twice in ${PAIRS} pairs each`
    return [inspection.stated(series.last, 'time', apart)]
  },
}
