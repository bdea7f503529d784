// The main job from beginning to end, with the built command and nothing else: scaffold an auth.ts, serve it, and prove
// that Alice and Bob are isolated. Ends with the exit code of the suite.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const authkit = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'authkit-quickstart-'))
const readyFile = join(folder, 'ready.json')

let server
try {
  await run('init', '--yes')
  server = start('dev', '--port', '0', '--quiet', '--ready-file', readyFile)
  const { url } = await ready(server)
  process.exitCode = await run('test-isolation', '--url', url)
} finally {
  if (server?.exitCode === null) {
    server.kill('SIGTERM')
    await new Promise((resolve) => server.once('exit', resolve))
  }
  rmSync(folder, { recursive: true, force: true })
}

function start(...args) {
  console.log(`\n$ authkit ${args.join(' ').replaceAll(`${folder}/`, '')}\n`)
  return spawn(process.execPath, [authkit, ...args], { cwd: folder, stdio: 'inherit' })
}

async function run(...args) {
  const child = start(...args)
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0 && args[0] !== 'test-isolation') throw new Error(`authkit ${args[0]} ended with exit code ${code}`)
  return code ?? 1
}

/** Waits for the file that `authkit dev` writes once it answers. */
async function ready(child) {
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (existsSync(readyFile)) return JSON.parse(readFileSync(readyFile, 'utf8'))
    if (child.exitCode !== null) throw new Error(`authkit dev ended with exit code ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('authkit dev did not become ready')
}
