// Measures authkit dev side by side with `langgraphjs dev`. See docs/benchmarks.md for the method.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ROWS, ratioOf, verdictsOf } from './budgets.js'
import { openGenerator } from './generator.js'
import { measureGrowth } from './measures/growth.js'
import { measureHelp } from './measures/help.js'
import { measureQueue } from './measures/queue.js'
import { measureReload } from './measures/reload.js'
import { measureRun } from './measures/run.js'
import { measureScale } from './measures/scale.js'
import { measureStartUp } from './measures/start-up.js'
import { measureSuite } from './measures/suite.js'
import { measureThroughput } from './measures/throughput.js'
import { installPeer } from './peer.js'
import { markdown, table } from './report.js'
import { openServers } from './servers.js'
import { median } from './stats.js'

const MEASURES = {
  help: measureHelp,
  start: measureStartUp,
  reload: measureReload,
  run: measureRun,
  throughput: measureThroughput,
  growth: measureGrowth,
  scale: measureScale,
  queue: measureQueue,
  suite: measureSuite,
}

const FULL = {
  rounds: { help: 10, start: 5, reload: 8, run: 15, load: 5, growth: 3, scale: 5, suite: 3 },
  sizes: {
    requests: 3000,
    maxMs: 10_000,
    growth: [
      { count: 100, authkitRequests: 3000, peerRequests: 2000 },
      { count: 10_000, authkitRequests: 3000, peerRequests: 256 },
      { count: 50_000, authkitRequests: 2000, peerRequests: 128 },
    ],
    users: [1, 10, 100, 1000],
    scaleRequests: 3000,
    queued: 10_000,
    streams: 1000,
    peerStreams: 200,
  },
}

const QUICK = {
  rounds: { help: 5, start: 2, reload: 3, run: 5, load: 3, growth: 2, scale: 3, suite: 1 },
  sizes: {
    requests: 2000,
    maxMs: 5000,
    growth: FULL.sizes.growth.slice(0, 2),
    users: [1, 100],
    scaleRequests: 2000,
    queued: 2000,
    streams: 200,
    peerStreams: 100,
  },
}

const USAGE = `node bench/run.js [--quick] [--only ${Object.keys(MEASURES).join(',')}] [--authkit <folder>]

  --quick     fewer rounds, no 50,000 and no 1,000,000 threads: about four minutes
  --only      some of the measures
  --authkit   the built checkout to measure; this one where nothing is said`

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(MEASURES).join(',') },
    authkit: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
})
const chosen = flags.only.split(',')
const unknown = chosen.filter((name) => !Object.hasOwn(MEASURES, name))
if (flags.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `There is no measure named ${unknown.join(', ')}.\n\n${USAGE}` : USAGE)
  process.exit(unknown.length > 0 ? 2 : 0)
}

const begun = performance.now()
const peer = installPeer()
const work = mkdtempSync(join(peer.folder, 'run-'))
const where = { authkit: resolve(flags.authkit), peer: peer.folder, work }
const servers = openServers(where)
const generator = openGenerator()
const results = {}
const failures = {}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    servers.close()
    rmSync(work, { recursive: true, force: true })
    process.exit(1)
  })
}

try {
  for (const name of chosen) {
    progress(name)
    try {
      const add = (id, result) => {
        results[id] = result
      }
      await MEASURES[name]({ where, servers, generator, ...(flags.quick ? QUICK : FULL), add, progress })
    } catch (error) {
      // One measure that can't be made does not take the others with it, but the bench has failed.
      failures[name] = error.message
    }
  }
} finally {
  generator.close()
  servers.close()
  rmSync(work, { recursive: true, force: true })
}
addScaleRatio()

const report = {
  date: new Date().toISOString(),
  quick: flags.quick,
  seconds: Math.round((performance.now() - begun) / 1000),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    load: loadavg().map((value) => Number(value.toFixed(2))),
  },
  versions: {
    authkit: JSON.parse(readFileSync(join(where.authkit, 'package.json'), 'utf8')).version,
    ...peer.versions,
  },
  failures,
  results: Object.fromEntries(
    ROWS.filter(({ id }) => results[id]).map((row) => [
      row.id,
      {
        ...results[row.id],
        unit: row.unit,
        ratio: ratioOf(row, results[row.id]),
        budget: verdictsOf(row, results[row.id]),
      },
    ]),
  ),
}
const folder = fileURLToPath(new URL('results', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`)
writeFileSync(join(folder, 'latest.md'), `${markdown(results)}\n`)

const { machine, versions } = report
console.log(`\n${table(results)}\n`)
console.log(`  authkit ${versions.authkit}, langgraphjs ${versions['langgraph-cli']}, Node ${machine.node}`)
console.log(`  ${machine.cores} cores, ${machine.cpu}, ${machine.system}, load ${machine.load.join(' ')}`)
console.log(`  ${report.date.slice(0, 10)}, ${report.seconds} s, medians; every sample is in bench/results/latest.json`)
for (const [name, message] of Object.entries(failures)) console.log(`\n  FAILED ${name}: ${message}`)
if (Object.keys(failures).length > 0) process.exitCode = 1

/** Of each round, so that what disturbs the machine for a while disturbs both sides of it. */
function addScaleRatio() {
  const few = results['scale.1000.p99']?.samples.authkit
  const many = results['scale.1000000.p99']?.samples.authkit
  if (!few || !many) return
  const samples = many.map((p99, round) => p99 / few[round])
  results['scale.ratio'] = { authkit: median(samples), samples: { authkit: samples } }
}

function progress(what) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  measuring: ${what}`)
  else console.error(`  measuring: ${what}`)
}
