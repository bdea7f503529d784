import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { seedThreads } from '../seed.js'
import { median } from '../stats.js'

const FOREIGN_THREADS = 100_000

/**
 * The whole isolation suite against authkit dev, from starting the command to its end: on an empty server, and on one that
 * holds 100,000 threads of other users, in turn. It must find no leak and leave nothing undecided.
 */
export async function measureSuite({ where, servers, rounds, add, progress }) {
  const empty = await servers.start('authkit', servers.newProject('suite'))
  progress(`writing ${FOREIGN_THREADS} threads of other users`)
  const folder = servers.newProject('suite-full')
  await (await servers.start('authkit', folder)).stop()
  seedThreads(where.authkit, folder, { count: FOREIGN_THREADS, ownerOf: (index) => `user${100 + (index % 100)}` })
  const full = await servers.start('authkit', folder)

  const file = join(where.authkit, 'bin/run.js')
  const samples = { empty: [], full: [] }
  let report
  for (let round = -1; round < rounds.suite; round++) {
    for (const [name, server] of Object.entries({ empty, full })) {
      const played = await suite(file, server.url)
      if (round >= 0) samples[name].push(played.ms)
      report = played.report
    }
  }
  await Promise.all([empty.stop(), full.stop()])
  add('suite', { authkit: median(samples.empty), samples: { authkit: samples.empty } })
  add('suite.results', { authkit: report.checks.length })
  add('suite.requests', { authkit: report.run.requests })
  add('suite.full', { authkit: median(samples.full), samples: { authkit: samples.full } })
  const ratios = samples.full.map((ms, round) => ms / samples.empty[round])
  add('suite.full.ratio', { authkit: median(ratios), samples: { authkit: ratios } })
}

function suite(file, url) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(process.execPath, [file, 'test-isolation', '--url', url, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', reject)
    // When all output is there, which may be after the exit.
    child.once('close', (code) => {
      const ms = performance.now() - begun
      if (code === 0) resolve({ ms, report: JSON.parse(output) })
      else reject(new Error(`test-isolation ended with exit code ${code}:\n${output.slice(-2000)}`))
    })
  })
}
