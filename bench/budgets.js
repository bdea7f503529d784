/**
 * What is measured, in the order it is shown, and what it must stay within. A limit is absolute; `times` says how many
 * times better than the peer authkit must be, in the same run.
 */
export const ROWS = [
  { id: 'help', what: '`--help`', unit: 'ms', better: 'lower', below: 180 },
  { id: 'start', what: 'start to the first answer', unit: 'ms', better: 'lower', below: 300, times: 10 },
  {
    id: 'reload',
    what: 'save to the first answer under the new rule',
    unit: 'ms',
    better: 'lower',
    below: 50,
    times: 40,
  },
  { id: 'reload.silent', what: '  of that without any answer', unit: 'ms', better: 'lower', atMost: 0 },
  { id: 'reload.unanswered', what: '  requests without an answer', unit: 'count', better: 'lower', atMost: 0 },
  { id: 'run.wait', what: 'a trivial run, waited for', unit: 'ms', better: 'lower', below: 20, times: 25 },
  { id: 'run.first', what: '  the first one after the start', unit: 'ms', better: 'lower' },
  ...load('thread.read', 'read a thread', 2),
  ...load('thread.create', 'create a thread', 2),
  ...load('store.put', 'put a store item', 2),
  ...load('store.get', 'get a store item', 2),
  ...load('store.search', 'search store items', 2),
  ...load('thread.search.100', 'search 100 threads', 2),
  ...load('thread.search.10000', 'search 10,000 threads', 30),
  ...load('thread.search.50000', 'search 50,000 threads', 200),
  ...load('scale.1000', '1,000 threads of 1 user'),
  ...load('scale.10000', '10,000 threads of 10 users'),
  ...load('scale.100000', '100,000 threads of 100 users'),
  ...load('scale.1000000', '1,000,000 threads of 1,000 users'),
  { id: 'scale.ratio', what: '  p99 of 1,000,000 by that of 1,000', unit: 'times', better: 'lower', atMost: 1.2 },
  { id: 'queue.drain', what: 'runs of 20 ms, queued', unit: 'rps', better: 'higher' },
  { id: 'queue.cpu', what: '  processor time of the server, each', unit: 'ms', better: 'lower' },
  { id: 'queue.read', what: '  p99 of a read meanwhile', unit: 'ms', better: 'lower', below: 50 },
  { id: 'queue.memory', what: '  memory beyond that at rest (RSS)', unit: 'MB', better: 'lower', below: 300 },
  { id: 'streams.open', what: 'streams open at once', unit: 'count', better: 'higher' },
  { id: 'streams.cpu', what: '  processor time of the server, each', unit: 'ms', better: 'lower' },
  { id: 'streams.delay', what: '  p99 of an event on its way', unit: 'ms', better: 'lower' },
  { id: 'streams.read', what: '  p99 of a read meanwhile', unit: 'ms', better: 'lower', below: 50 },
  { id: 'streams.memory', what: '  memory beyond that at rest (RSS)', unit: 'MB', better: 'lower', below: 512 },
  { id: 'slow.delay', what: 'beside slow readers: p99 of an event on its way', unit: 'ms', better: 'lower' },
  { id: 'slow.delay.reading', what: '  the same where all read', unit: 'ms', better: 'lower' },
  { id: 'slow.read', what: '  p99 of a read meanwhile', unit: 'ms', better: 'lower', below: 50 },
  { id: 'slow.memory', what: '  memory beyond that at rest (RSS)', unit: 'MB', better: 'lower', below: 512 },
  { id: 'slow.memory.reading', what: '  the same where all read', unit: 'MB', better: 'lower' },
  { id: 'streams.pair.delay', what: 'fewer streams: p99 of an event on its way', unit: 'ms', better: 'lower' },
  { id: 'streams.pair.read', what: '  p99 of a read meanwhile', unit: 'ms', better: 'lower' },
  { id: 'streams.pair.memory', what: '  memory beyond that at rest (RSS)', unit: 'MB', better: 'lower' },
  { id: 'memory.rss', what: 'memory at rest (RSS)', unit: 'MB', better: 'lower', below: 100 },
  { id: 'memory.pss', what: '  shared pages counted once (PSS)', unit: 'MB', better: 'lower' },
  { id: 'processes', what: '  processes', unit: 'count', better: 'lower', atMost: 1 },
  { id: 'memory.after', what: '  after the load above (RSS)', unit: 'MB', better: 'lower' },
  { id: 'suite', what: '`test-isolation` against authkit dev', unit: 'ms', better: 'lower', below: 3000 },
  { id: 'suite.results', what: '  checks, by attacker', unit: 'count', better: 'higher' },
  { id: 'suite.requests', what: '  requests', unit: 'count', better: 'lower' },
  { id: 'suite.full', what: '  beside 100,000 threads of others', unit: 'ms', better: 'lower', below: 3000 },
  { id: 'suite.full.ratio', what: '  that by the empty server', unit: 'times', better: 'lower', atMost: 1.2 },
]

function load(id, what, times) {
  return [
    { id: `${id}.rps`, what, unit: 'rps', better: 'higher', ...(times ? { times } : {}) },
    { id: `${id}.p50`, what: '  p50', unit: 'ms', better: 'lower' },
    { id: `${id}.p99`, what: '  p99', unit: 'ms', better: 'lower' },
    { id: `${id}.cpu`, what: '  processor time of the server', unit: 'ms', better: 'lower' },
    { id: `${id}.reconnects`, what: '  connections it closed on requests', unit: 'count', better: 'lower', rare: true },
  ]
}

/** How many times better authkit is. Undefined where there is nothing to compare, or nothing to divide by. */
export function ratioOf({ better }, { authkit, peer }) {
  if (peer === undefined) return undefined
  const [numerator, denominator] = better === 'lower' ? [peer, authkit] : [authkit, peer]
  return denominator === 0 ? undefined : numerator / denominator
}

/** The parts of a row's budget, each with whether it was kept. */
export function verdictsOf(row, result) {
  const ratio = ratioOf(row, result)
  const verdicts = []
  if (row.below !== undefined)
    verdicts.push({ text: `< ${shown(row.below, row.unit)}`, ok: result.authkit < row.below })
  if (row.atMost !== undefined) {
    verdicts.push({ text: `<= ${shown(row.atMost, row.unit)}`, ok: result.authkit <= row.atMost })
  }
  if (row.times !== undefined && ratio !== undefined)
    verdicts.push({ text: `>= ${row.times}x`, ok: ratio >= row.times })
  return verdicts
}

/** A figure with its unit, with as many digits as mean something. */
export function shown(value, unit) {
  if (value === undefined) return '-'
  const number = value.toLocaleString('en-US', {
    maximumFractionDigits: value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0,
  })
  if (unit === 'count') return number
  return unit === 'times' ? `${number}x` : `${number} ${unit}`
}
