import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { PROVIDERS } from '../../src/providers/index.js'
import { test as projectTest } from '../project/temp-project.js'
import { problemsIn } from '../support/type-check.js'

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

describe('the auth.ts of a provider', () => {
  const sections = providersPage().split(/^## /m).slice(1) as string[]
  const codes = sections.flatMap((section) => {
    const code = /### In auth\.ts\n\n```ts\n([\s\S]*?)```/.exec(section)?.[1]
    return code === undefined ? [] : [[section.split('\n', 1)[0] as string, code] as const]
  })

  it('is shown for each', () => {
    expect(codes).toHaveLength(PROVIDERS.length)
  })

  projectTest.for(codes)('loads: %s', async ([, code], { project }) => {
    vi.stubEnv('GITHUB_CLIENT_ID', 'id')
    vi.stubEnv('GITHUB_CLIENT_SECRET', 'secret')
    await project.write({ 'auth.ts': code })
    const { state } = await project.open({ watch: false })
    vi.unstubAllEnvs()
    expect(state.kind === 'broken' ? state.error.message : state.kind).toBe('ready')
  })

  it('type-checks', () => {
    const files = Object.fromEntries(codes.map(([, code], at) => [`provider-${at}.check.ts`, code]))
    expect(problemsIn(files)).toEqual([])
    expect(
      problemsIn({ 'a.check.ts': `import { oidc } from 'authkit'\nexport const a = oidc({ issuer: 7 })` }),
    ).toHaveLength(1)
  })
})
