import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ALL_EVENTS } from '../../src/engine/events.js'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { selectChecks } from '../../src/isolation/select.js'

describe('the catalogue', () => {
  it('lists every check file once, under its file name', () => {
    const files = readdirSync('src/isolation/checks', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.includes('/'),
    )
    expect(CHECKS.map(({ id, family }) => `${family}/${id}.ts`).toSorted()).toEqual(files.toSorted())
    expect(files.length).toBeGreaterThan(45)
  })

  it.each(CHECKS.map((check) => [check.id, check] as const))('%s says what it is about', (_, check) => {
    expect(check.title).not.toBe(check.failure)
    expect(check.refs.length).toBeGreaterThan(0)
    expect(check.fix.length).toBeGreaterThan(20)
    if (check.event !== null && check.event !== 'authenticate') expect(ALL_EVENTS).toContain(check.event)
    // Without it, what a check changes would be shared with others.
    if (check.own && check.requests.toString().match(/patch\(|del\(/)) expect(check.mutates).toBe(true)
  })
})

describe('choosing checks', () => {
  const ids = (only: string[], skip: string[] = []) => selectChecks(CHECKS, { only, skip }).map(({ id }) => id)

  it('takes all without a pattern, and globs otherwise', () => {
    expect(ids([])).toHaveLength(CHECKS.length)
    expect(ids(['thread.search*'], ['*.ids', '*.operators'])).toEqual([
      'thread.search',
      'thread.search.metadata',
      'thread.search.values',
    ])
    expect(ids(['thread.read'])).toEqual(['thread.read'])
  })

  it.each([
    [['thread.raed'], [], 'thread.read'],
    [[], ['stor.get'], 'store.get'],
    [['assistants.read*'], [], 'assistant.read'],
  ])('names the nearest id when %j or %j matches nothing', (only, skip, nearest) => {
    expect(() => ids(only, skip)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(nearest) }),
    )
  })

  it('refuses to run nothing', () => {
    expect(() => ids(['thread.read'], ['thread.*'])).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
