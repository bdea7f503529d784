import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import TestIsolation from '../../src/commands/test-isolation.js'
import { deputy } from './support/mutant.js'
import { startWorld, type WorldOptions } from './support/world.js'
import { json, lockedOut, oncePlanted } from './support/worlds.js'

const leaky: WorldOptions = { overlay: deputy('GET /threads/:id') }

/** Runs the command as oclif does, and collects what a shell would see. */
async function authkit(...argv: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk)
      return true
    }),
  )
  const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
    written.stdout += `${args.join(' ')}\n`
  })
  const error = vi.spyOn(console, 'error').mockImplementation((...args) => {
    written.stderr += `${args.join(' ')}\n`
  })
  try {
    await TestIsolation.run(argv, { root: process.cwd() })
    return { ...written, exitCode: Number(process.exitCode ?? 0) }
  } catch (thrown) {
    const { message, oclif } = thrown as { message: string; oclif?: { exit?: number } }
    return { ...written, stderr: written.stderr + message, exitCode: oclif?.exit ?? 70 }
  } finally {
    for (const spy of [...spies, log, error]) spy.mockRestore()
  }
}

async function against(world: WorldOptions, ...argv: string[]) {
  const server = await startWorld(world)
  try {
    return await authkit('--url', server.url.href, ...argv)
  } finally {
    await server.close()
  }
}

let earlier: typeof process.exitCode
beforeEach(() => {
  earlier = process.exitCode
  process.exitCode = undefined
  vi.stubEnv('NO_COLOR', '1')
})
afterEach(() => {
  process.exitCode = earlier
  vi.unstubAllEnvs()
})

describe('exit codes', () => {
  it('0 where users are isolated', async () => {
    const { stdout, exitCode } = await against({}, '--only', 'thread.*')
    expect(stdout).toContain('0 leaks')
    expect(exitCode).toBe(0)
  })

  it('1 for a leak', async () => {
    const { stdout, exitCode } = await against(leaky, '--only', 'thread.read')
    expect(stdout).toContain("LEAK  thread.read@bob                   Bob read Alice's thread")
    expect(exitCode).toBe(1)
  })

  it('3 where nothing can be decided', async () => {
    expect(
      (
        await against(
          oncePlanted(() => json(500, { detail: 'oops' })),
          '--only',
          'thread.read',
          '--keep',
        )
      ).exitCode,
    ).toBe(3)
    expect((await against(lockedOut('user2'), '--keep')).exitCode).toBe(3)
  })

  it.each([
    [['--url', 'nonsense'], 'usage'],
    [[], 'usage'],
    [['--url', 'http://127.0.0.1:1', '--only', 'thread.raed'], 'thread.read'],
    [['--url', 'http://127.0.0.1:1', '--alice-token', 'same', '--bob-token', 'same'], 'same token'],
    [['--url', 'https://example.com', '--alice-token', 'a', '--bob-token', 'b'], 'target_refused'],
    [['--url', 'https://example.com', '--yes'], 'There is no token'],
    [['--nonsense'], 'nonsense'],
    [['--explain', 'thread.raed'], 'thread.read'],
    [['--url', 'http://127.0.0.1:1', '--junit', '/no/such/folder/f.xml'], 'its folder does not exist'],
    [['--url', 'http://127.0.0.1:1', '--html', 'src'], 'it is a folder'],
    [['--url', 'http://127.0.0.1:1', '--html', 'same.out', '--sarif', 'same.out'], 'name the same file'],
    [['--url', 'http://127.0.0.1:1', '--update-baseline'], '--update-baseline writes only in a terminal'],
    [['--url', 'http://127.0.0.1:1', '--baseline', '/no/such.json'], 'there is no such file'],
  ])('2 for %j', async (argv, message) => {
    const { stderr, exitCode } = await authkit(...argv)
    expect(stderr).toContain(message)
    expect(exitCode).toBe(2)
  })
})

describe('output', () => {
  it('is one JSON document with --json, and the exit code stays', async () => {
    const { stdout, exitCode } = await against(leaky, '--only', 'thread.read', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, summary: { leak: 1 }, exitCode: 1 })
    expect(exitCode).toBe(1)
  })

  it('is a JSON document for an error too', async () => {
    const { stdout, exitCode } = await authkit('--url', 'https://example.com', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'target_refused' } })
    expect(exitCode).toBe(2)
  })

  it('lists the checks without a server', async () => {
    const { stdout, exitCode } = await authkit('--list', '--only', 'thread.read', '--only', 'store.get')
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/thread\.read +read +high +bob nobody +Bob can't read Alice's thread/),
      expect.stringMatching(/store\.get +store +high +bob nobody +Bob can't read Alice's item/),
    ])
    expect(exitCode).toBe(0)
  })

  it('explains a check without a server', async () => {
    const { stdout, exitCode } = await authkit('--explain', 'thread.read')
    expect(stdout).toContain("GET /threads/{alice's thread}")
    expect(exitCode).toBe(0)
  })

  it('is one JSON object a line with --ndjson', async () => {
    const { stdout } = await against(leaky, '--only', 'thread.read', '--ndjson')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ kind }) => kind)).toEqual(['started', 'checked', 'checked', 'finished'])
  })

  it('writes the files that were asked for, and leaves nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-reports-'))
    const file = (name: string) => join(folder, name)
    try {
      const wanted = ['junit', 'sarif', 'html', 'markdown'].flatMap((kind) => [`--${kind}`, file(kind)])
      const baseline = ['--baseline', file('baseline'), '--update-baseline', '--yes']
      await against(leaky, '--only', 'thread.read', ...wanted, ...baseline)
      expect(readdirSync(folder).toSorted()).toEqual(['baseline', 'html', 'junit', 'markdown', 'sarif'])
      expect(JSON.parse(readFileSync(file('sarif'), 'utf8')).runs[0].results).toHaveLength(1)
      const entries = JSON.parse(readFileSync(file('baseline'), 'utf8'))
      writeFileSync(file('baseline'), JSON.stringify([{ ...entries[0], reason: 'for the test' }]))
      process.exitCode = undefined
      const accepted = await against(leaky, '--only', 'thread.read', '--baseline', file('baseline'))
      expect(accepted.stdout).toContain('for the test')
      expect(accepted.exitCode).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('takes tokens from the environment and shows neither', async () => {
    vi.stubEnv('AUTHKIT_ALICE_TOKEN', 'user2-token')
    vi.stubEnv('AUTHKIT_BOB_TOKEN', 'user1-token')
    const { stdout, exitCode } = await against(leaky, '--only', 'thread.search', '--verbose')
    expect(stdout).toContain('Alice  user2   Bob  user1')
    expect(stdout).not.toMatch(/user[12]-token/)
    expect(exitCode).toBe(0)
  })
})
