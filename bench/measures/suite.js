import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../stats.js'

/** The whole isolation suite against authkit dev, from starting the command to its end. It must find no leak. */
export async function measureSuite({ where, servers, rounds, add }) {
  if (!existsSync(join(where.authkit, 'dist/commands/test-isolation.js'))) return
  const server = await servers.start('authkit', servers.newProject('suite'))
  const samples = []
  for (let round = -1; round < rounds.suite; round++) {
    const ms = await suite(join(where.authkit, 'bin/run.js'), server.url)
    if (round >= 0) samples.push(ms)
  }
  await server.stop()
  add('suite', { authkit: median(samples), samples: { authkit: samples } })
}

function suite(file, url) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(process.execPath, [file, 'test-isolation', '--url', url], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve(performance.now() - begun)
      else reject(new Error(`test-isolation ended with exit code ${code}:\n${output}`))
    })
  })
}
