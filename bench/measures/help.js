import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { median } from '../stats.js'

/** How long `--help` takes, from starting the process to its end. */
export async function measureHelp({ where, rounds, add }) {
  const files = {
    authkit: join(where.authkit, 'bin/run.js'),
    peer: join(where.peer, 'node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs'),
  }
  const samples = { authkit: [], peer: [] }
  for (let round = -1; round < rounds.help; round++) {
    for (const [kind, file] of Object.entries(files)) {
      const ms = await help(file)
      if (round >= 0) samples[kind].push(ms)
    }
  }
  add('help', { authkit: median(samples.authkit), peer: median(samples.peer), samples })
}

function help(file) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(process.execPath, [file, '--help'], {
      stdio: 'ignore',
      env: { ...process.env, LANGGRAPH_CLI_NO_ANALYTICS: '1' },
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve(performance.now() - begun)
      else reject(new Error(`${file} --help ended with exit code ${code}`))
    })
  })
}
