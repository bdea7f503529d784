import { watch } from 'chokidar'
import { expect } from 'vitest'
import { createWatcher } from '../../src/project/watch.js'
import { test } from './temp-project.js'

test('looks twice a second where the system cannot watch', async ({ project }) => {
  await project.write({ 'auth.ts': '' })
  let woken = 0
  const failing: typeof watch = (paths, options) => {
    const watcher = watch(paths, options)
    queueMicrotask(() => watcher.emit('error', new Error('ENOSPC: System limit for number of file watchers reached')))
    return watcher
  }
  const watcher = await createWatcher({ root: project.root, wake: () => woken++, chokidar: { watch: failing } })
  await new Promise((resolve) => setTimeout(resolve, 1200))
  await watcher.close()
  expect(woken).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(woken).toBe(2)
})

test('sees only what it was told to watch', async ({ project }) => {
  await project.write({ 'auth.ts': '', 'other.ts': '', 'src/inner.ts': '' })
  const woken = new Set<string>()
  let seen: () => unknown = () => {}
  const watcher = await createWatcher({
    root: project.root,
    wake: (path) => {
      woken.add(path)
      seen()
    },
  })
  const wokenBy = (path: string) =>
    new Promise<void>((resolve) => {
      seen = () => woken.has(path) && resolve()
      seen()
    })
  watcher.watch([project.path('auth.ts'), project.path('absent.ts')])
  await wokenBy(project.path('auth.ts'))
  woken.clear()
  await project.write({ 'other.ts': 'changed', 'src/inner.ts': 'changed', 'new.ts': '' })
  await project.write({ 'absent.ts': 'there now' })
  await wokenBy(project.path('absent.ts'))
  // The folder itself may be mentioned, the other files may not.
  expect([...woken].filter((path) => path !== project.root)).toEqual([project.path('absent.ts')])
  await watcher.close()
})
