import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { serve } from '../support/server.js'

it('docs/api.md lists every route, and no other', async () => {
  const server = await serve()
  const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const listed = [...text.matchAll(/^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`/gm)].map((match) => match[1])
  expect(listed.sort()).toEqual(server.app.routes.map(({ method, path }) => `${method} ${path}`).sort())
})

it('docs/compatibility.md names the attacks that the tests try', async () => {
  const [page, tests] = await Promise.all(
    ['../../docs/compatibility.md', './attacks.test.ts'].map((path) =>
      readFile(new URL(path, import.meta.url), 'utf8'),
    ),
  )
  const letters = [...(page ?? '').matchAll(/^\| ([A-Z]) +\|/gm)].map((match) => match[1] ?? '')
  expect(letters.length).toBeGreaterThan(10)
  // I and J are the subject of forged-identity.test.ts.
  for (const letter of letters.filter((one) => !'IJ'.includes(one))) expect(tests).toContain(`'${letter}: `)
})
