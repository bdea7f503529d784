import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'
import { describe, expect } from 'vitest'
import { test } from '../project/temp-project.js'

/** A process that is watched: it runs the code after its first run has begun. */
async function watched(folder: string, code: string, { options = '', args = [] as string[] } = {}) {
  const entry = fileURLToPath(new URL('../../src/dev/loop-watchdog.ts', import.meta.url))
  const outfile = join(folder, 'loop-watchdog.mjs')
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', minify: true })
  const file = join(folder, 'child.mjs')
  await writeFile(
    file,
    `import { createLoopWatchdog } from ${JSON.stringify(pathToFileURL(outfile).href)}
    import { execSync } from 'node:child_process'
    import inspector from 'node:inspector'
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    const block = (ms) => { const end = performance.now() + ms; while (performance.now() < end); }
    const watchdog = createLoopWatchdog({ warnMs: 400, endMs: 1600, lookMs: 50, ${options} })
    process.once('exit', (code) => console.log('exit', code))
    process.on('SIGTERM', () => console.log('SIGTERM'))
    watchdog.began('1', 'spinner'); watchdog.began('2', 'other'); watchdog.began('3', 'spinner'); watchdog.ended('2')
    ${code}`,
  )
  const child = spawn(process.execPath, [...args, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>(
    (resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    },
  )
  return { child, ended, stderr: () => stderr }
}

const WARNING =
  /^authkit dev: nothing has been answered for 0\.4 s: .* Running: spinner \(2 runs\)\. .* ended when that lasts 1\.6 s\.$/m
const END = /^authkit dev: nothing has been answered for 1\.6 s: ending the process\. Running: spinner \(2 runs\)\.$/m

describe('a loop that never yields', () => {
  test.for([
    ['computes', 'for (;;);'],
    ['only waits for what is there already', 'for (;;) await null'],
    ['matches without end', `;/^(a+)+$/.test('a'.repeat(40) + 'b')`],
  ])('is told of, and ends the process when it %s', async ([, code], { project }) => {
    const { ended } = await watched(project.root, code as string)
    const { code: exit, stdout, stderr } = await ended
    expect(stderr).toMatch(WARNING)
    expect(stderr).toMatch(END)
    expect([exit, stdout]).toEqual([1, 'exit 1\n'])
  })

  test('ends the process even where it is stuck in native code', async ({ project }) => {
    const { code, signal, stderr } = await (await watched(project.root, `execSync('sleep 20')`)).ended
    expect(stderr).toMatch(END)
    expect([code, signal]).toEqual([null, 'SIGKILL'])
  })

  test('is forgiven when it goes on', async ({ project }) => {
    const code = `block(800); await wait(300); watchdog.ended('1'); block(800); await wait(300); await watchdog.close()`
    const { code: exit, stderr } = await (await watched(project.root, code, { options: 'endMs: 20_000' })).ended
    expect(stderr).toMatch(/for 0\.4 s: .* Running: spinner \(2 runs\)\./)
    expect(stderr.match(/answers again/g)).toHaveLength(2)
    expect(stderr).toContain('Running: spinner.')
    expect(stderr).not.toMatch(/ending/)
    expect(exit).toBe(0)
  })
})

describe('what is no such loop', () => {
  test('a busy one that yields is not told of, and nothing keeps the process', async ({ project }) => {
    const code = 'for (let i = 0; i < 50; i++) { block(50); await wait(1) }'
    expect(await (await watched(project.root, code, { options: 'warnMs: 1500, endMs: 2000' })).ended).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  test('nothing is told after it is closed', async ({ project }) => {
    expect(await (await watched(project.root, 'await watchdog.close(); block(2000)')).ended).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  test('one that a debugger may be looking at is left alone', async ({ project }) => {
    const { code, stderr } = await (
      await watched(project.root, `inspector.open(0); await wait(100); block(2000); inspector.close()`)
    ).ended
    expect(stderr).not.toMatch(/authkit dev/)
    expect(code).toBe(0)
  })

  test('a debugger that came later is left alone too', async ({ project }) => {
    const { code, stderr } = await (await watched(project.root, `inspector.open(0); block(4500); inspector.close()`))
      .ended
    expect(stderr).toMatch(END)
    expect(stderr).toMatch(/a debugger is attached/)
    expect(code).toBe(0)
  })

  test.skipIf(process.platform === 'win32')(
    'a process that was stopped, as a machine that slept',
    async ({ project }) => {
      // Busy for a time of its own, which does not go on while it is stopped.
      const code = `const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
      const busy = (ms) => { const end = spent() + ms; while (spent() < end); }
      busy(200); console.error('here'); process.kill(process.pid, 'SIGSTOP'); busy(100)`
      const { child, ended } = await watched(project.root, code, { options: 'warnMs: 1800, endMs: 2000' })
      await new Promise<void>((resolve) => child.stderr.once('data', () => resolve()))
      await new Promise((resolve) => setTimeout(resolve, 2500))
      child.kill('SIGCONT')
      expect(await ended).toMatchObject({ code: 0, stderr: 'here\n' })
    },
  )
})
