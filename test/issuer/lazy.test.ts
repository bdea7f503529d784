import { createRequire } from 'node:module'
import { expect } from 'vitest'
import { test } from './issuer.js'

// Koa is CommonJS, so its files are listed once anything has imported them.
const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('/node_modules/koa/'))

test('nothing of the provider is loaded before its first request', async ({ start, project }) => {
  const dev = await start({ watch: false })
  const answer = await fetch(`${dev.origin}/threads/search`, {
    method: 'POST',
    headers: { authorization: 'Bearer user1-token' },
    body: '{}',
  })
  expect(answer.status).toBe(200)
  expect(loaded()).toEqual([])
  await expect(
    import('node:fs/promises').then(({ stat }) => stat(project.path('.authkit/issuer.db'))),
  ).rejects.toThrow()
  await dev.client()
  expect(loaded().length).toBeGreaterThan(3)
})
