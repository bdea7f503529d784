import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import { everything } from './scopes.js'

const writer = fileURLToPath(new URL('kill-writer.ts', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'authkit-kill-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Lets a process write until it has acknowledged so many, then kills it in the middle of the next. */
async function writeAndKill(path: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', writer, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === acknowledgements) child.kill('SIGKILL')
  }
  return acknowledged
}

it('a process killed while it writes loses nothing that it acknowledged, and corrupts nothing', async () => {
  const path = join(folder, 'dev.db')
  const acknowledged: string[] = []
  for (const count of [1, 40, 173, 400]) acknowledged.push(...(await writeAndKill(path, count)))
  expect(acknowledged.length).toBeGreaterThanOrEqual(614)

  const raw = new Database(path)
  expect(raw.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(raw.pragma('foreign_key_check')).toEqual([])
  raw.close()

  const storage = await openSqliteStorage(path)
  for (const line of acknowledged) {
    const [kind, id] = line.split(' ') as [string, string]
    const found =
      kind === 'item' ? await storage.items.get(everything, ['kill'], id) : await storage.threads.get(everything, id)
    expect(found, line).toBeDefined()
    if (kind === 'updated') expect(found).toMatchObject({ metadata: { updated: true } })
  }
  await storage.close()
}, 60_000)
