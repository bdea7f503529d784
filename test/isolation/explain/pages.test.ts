import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ANY_CHECKS } from '../../../src/isolation/any/checks/index.js'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { referenceOf } from '../../../src/isolation/explain/references.js'
import { symbolicScene } from '../../../src/isolation/explain/symbolic-scene.js'
import { explainText } from '../../../src/isolation/explain/text.js'
import { fixOf, stampOwner } from '../../../src/isolation/fix.js'
import { INCIDENTS } from '../../../src/isolation/incidents.js'

// A script has no types.
const { checkPages, checksIndex } = await import('../../../scripts/generate.js' as string)
const RUN_IT = 'Run `npm run generate`.'
const pages: ReadonlyMap<string, string> = await checkPages()

describe('what npm run generate writes', () => {
  it('is the list of checks as it is', () => {
    expect(readFileSync('src/isolation/checks/index.ts', 'utf8'), RUN_IT).toBe(checksIndex())
  })

  it('is a page for each check, and no other', () => {
    expect(readdirSync('docs/checks').toSorted(), RUN_IT).toEqual([...pages.keys()].toSorted())
    expect(pages.size).toBe(CHECKS.length + ANY_CHECKS.length + 1)
  })

  it.each([...pages])('%s is as it is', (file, text) => {
    expect(readFileSync(`docs/checks/${file}`, 'utf8'), RUN_IT).toBe(text)
  })
})

describe('what a check says about itself', () => {
  it.each(CHECKS.map((check) => [check.id, check] as const))('%s can be explained', (_, check) => {
    expect(check.impact, 'impact').toMatch(/^[A-Z].{20,}\.$/s)
    expect(check.refs.map((ref) => referenceOf(ref).url)).toEqual(
      check.refs.map(() => expect.stringMatching(/^https:/)),
    )
    // Its page shows the requests, so they must not need a server to be built.
    expect(() => check.requests(symbolicScene())).not.toThrow()
  })

  it('is printed by --explain', () => {
    const [check] = CHECKS.filter(({ id }) => id === 'stream.parent')
    const text = explainText(check as never, { bold: (word) => word, dim: (word) => word })
    expect(text).toContain("GET /threads/{bob's thread}/runs/{alice's run}/stream")
    expect(text).toContain('databricks/appkit')
    expect(text.split('\n').filter((line) => line.length > 120 && !line.includes('https://'))).toEqual([])
  })
})

it('incidents name checks that exist', () => {
  const ids = new Set([...CHECKS, ...ANY_CHECKS].map(({ id }) => id))
  const named = INCIDENTS.flatMap(({ checks }) => checks)
  expect(named.filter((id) => !ids.has(id))).toEqual([])
})

it('a fix is taken apart into words and code', () => {
  expect(fixOf(stampOwner('threads:create'))).toEqual({
    words: 'in auth.ts, let threads:create overwrite the owner and return it',
    code: [
      'auth.on("threads:create", ({ value, user }) => {',
      '  value.metadata = { ...value.metadata, owner: user.identity }',
      '  return { owner: user.identity }',
      '})',
    ].join('\n'),
  })
  expect(fixOf('turn it off')).toEqual({ words: 'turn it off' })
})
