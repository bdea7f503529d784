import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base } from 'vitest'

/** Each test gets a folder of authkit's own, which is gone afterwards. */
export const test = base.extend<{ home: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants an object pattern there.
  home: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'authkit-home-'))
    await use(join(folder, 'authkit'))
    await rm(folder, { recursive: true, force: true })
  },
})
