import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { AuthkitError } from '../../src/errors/authkit-error.js'
import { withLock } from '../../src/login/lock.js'
import { sleep } from '../support/client.js'
import { test } from './support/home.js'

const busy = () => new AuthkitError('profile_busy', 'It is busy.')
const options = { waitMs: 10_000, busy }

/** Another process that takes a lock, says so, and keeps it until it is ended. */
async function holder(path: string): Promise<ChildProcess> {
  const script = `
    import { withLock } from './src/login/lock.ts'
    await withLock(${JSON.stringify(path)}, { waitMs: 10_000, busy: () => new Error('busy') }, async () => {
      console.log('taken')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

describe('a lock', () => {
  test('lets one in at a time, and everybody in the end', async ({ home }) => {
    const path = join(home, 'a.lock')
    let inside = 0
    const order: number[] = []
    const works = Array.from({ length: 12 }, (_, index) =>
      withLock(path, options, async () => {
        inside += 1
        expect(inside).toBe(1)
        await sleep(5)
        inside -= 1
        order.push(index)
        return index
      }),
    )
    expect(await Promise.all(works)).toEqual(works.map((_, index) => index))
    expect(order).toHaveLength(12)
    expect(await readdir(home)).toEqual(['a.lock'])
    expect((await stat(path)).size).toBe(0)
  })

  test('is free again after an error, and does not hold up another', async ({ home }) => {
    const path = join(home, 'a.lock')
    const boo = withLock(path, options, () => Promise.reject(new Error('Boo!')))
    await expect(boo).rejects.toThrow('Boo!')
    expect(await withLock(path, options, () => withLock(join(home, 'b.lock'), options, async () => 1))).toBe(1)
  })

  test('is not taken from a process that has it, and is free as soon as it is killed', async ({ home }) => {
    const path = join(home, 'a.lock')
    const other = await holder(path)
    try {
      const startedAt = performance.now()
      await expect(withLock(path, { waitMs: 300, busy }, async () => 1)).rejects.toMatchObject({ code: 'profile_busy' })
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300)
      // Stopped is not ended.
      other.kill('SIGSTOP')
      await expect(withLock(path, { waitMs: 300, busy }, async () => 1)).rejects.toMatchObject({ code: 'profile_busy' })
      const waiting = withLock(path, options, async () => 'mine')
      await kill(other)
      expect(await waiting).toBe('mine')
    } finally {
      other.kill('SIGKILL')
    }
  })

  test('that cannot be had says where', async ({ home }) => {
    await writeFile(home, '')
    const refused = withLock(join(home, 'a.lock'), options, async () => 1)
    await expect(refused).rejects.toMatchObject({ code: 'not_writable', hint: expect.stringContaining('AUTHKIT_HOME') })
  })
})
