import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../src/providers/index.js'

const { FRAGMENT_PARTS, fragmentOf, providersPage } = await import('../../scripts/providers-page.js' as string)

describe('docs/providers.md', () => {
  it('is what the data and the fragments say', () => {
    expect(readFileSync('docs/providers.md', 'utf8'), 'Run `npm run generate`.').toBe(providersPage())
  })

  it('has a fragment for each provider, and none for any other', () => {
    const fragments = readdirSync('src/providers').filter((file) => file.endsWith('.md'))
    expect(fragments.sort()).toEqual(PROVIDERS.map(({ name }) => `${name}.md`).sort())
  })

  it.each(PROVIDERS.map(({ name }) => name))('has every part of %s', (name) => {
    const fragment: ReadonlyMap<string, string> = fragmentOf(name)
    expect([...fragment.keys()]).toEqual(FRAGMENT_PARTS)
    for (const text of fragment.values()) expect(text).not.toBe('')
  })
})
