import { describe, expect, it } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import type { Check } from '../../src/doctor/check.js'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { type Finding, note, ok, skipped, undecided, warning, wrong } from '../../src/doctor/finding.js'
import { doctorReport } from '../../src/doctor/report-json.js'
import { doctorText } from '../../src/doctor/report-text.js'
import { exitCodeOf, runChecks } from '../../src/doctor/run-checks.js'
import type { Setup } from '../../src/doctor/setup.js'

const checkOf = (id: string, look: () => Promise<Finding | readonly Finding[]>): Check => ({
  id,
  subject: 'project',
  title: `What ${id} holds`,
  about: 'For tests.',
  look,
})
const finds = (...findings: Finding[]) => checkOf('a.check', () => Promise.resolve(findings))
const run = (...checks: Check[]) => runChecks(checks, {} as Setup, { timeoutMs: 50 })

describe('runChecks', () => {
  it('leaves a check that hangs or throws undecided, and goes on with the others', async () => {
    const results = await run(
      checkOf('hangs', () => new Promise(() => {})),
      checkOf('throws', () => Promise.reject(new Error('Bearer abcdefghijkl'))),
      checkOf('fine', () => Promise.resolve(ok('fine'))),
    )
    expect(results.map(({ findings }) => findings[0]?.level)).toEqual(['undecided', 'undecided', 'ok'])
    expect(results[0]?.findings[0]?.message).toBe('It took longer than 0.05 s.')
    expect(results[1]?.findings[0]?.message).toBe('It could not be looked at: Bearer [secret]')
  })

  it('keeps each finding on its line, and nothing secret in it', async () => {
    const [result] = await run(
      finds(wrong('a\u001b[2Jb\nc eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln', 'token=abcdef123456 \u202e'), ok('x\ry')),
    )
    expect(result?.findings).toEqual([
      { level: 'wrong', message: 'a\\x1b[2Jb\\nc [secret]', fix: 'token=[secret] \\u202e' },
      { level: 'ok', message: 'x\\x0dy' },
    ])
  })

  it('puts the worst first', async () => {
    const [result] = await run(
      finds(skipped('s'), ok('o'), note('n'), undecided('u', 'f'), warning('a', 'f'), wrong('w', 'f')),
    )
    expect(result?.findings.map(({ level }) => level)).toEqual([
      'wrong',
      'warning',
      'undecided',
      'note',
      'ok',
      'skipped',
    ])
  })

  it.each([
    [[ok('')], 0],
    [[note(''), skipped(''), warning('', '')], 0],
    [[undecided('', '')], 3],
    [[undecided('', ''), wrong('', '')], 1],
    [[], 0],
  ])('makes of %j the exit code %i', async (findings, code) => {
    const results = await run(finds(...findings))
    expect(exitCodeOf(results)).toBe(code)
    expect(doctorReport(results).ok).toBe(code === 0)
  })
})

describe('the text', () => {
  it('has a line a finding, what to do under it, and the number of each', async () => {
    const results = await run(
      checkOf('a.check', () => Promise.resolve([wrong('Something is wrong.', 'Mend it.'), warning('Hm.', 'Look.')])),
      checkOf('b.check', () => Promise.resolve(ok('fine'))),
      checkOf('c.check', () => Promise.resolve(skipped('Nothing to see.'))),
    )
    const options = { style: createStyle(false), verbose: false }
    expect(doctorText(results, options)).toBe(`  authkit doctor

  project
  WRONG  a.check           Something is wrong.
                           Mend it.
  warn   a.check           Hm.
                           Look.
  ok     b.check           fine
  skip   c.check

  1 fine   1 wrong   1 warning   1 skipped
`)
    expect(doctorText(results, { ...options, verbose: true })).toContain('skip   c.check           Nothing to see.')
  })

  it('breaks lines at spaces, and never within a word', async () => {
    const url = `https://example.com/${'a'.repeat(120)}`
    const text = doctorText(await run(finds(ok(`${'word '.repeat(40)}${url}`))), {
      style: createStyle(false),
      verbose: false,
    })
    expect(text).toContain(url)
    expect(text.split('\n').filter((line) => line.length > 100)).toHaveLength(1)
  })
})

describe('the checks', () => {
  it.each(CHECKS.map((check) => [check.id, check] as const))('%s says what it is about', (id, { title, about }) => {
    expect(id).toMatch(/^[a-z]+\.[a-z]+$/)
    expect(title).toMatch(/^[A-Za-z].*[^.]$/)
    expect(about).toMatch(/^[A-Z].*\.$/s)
  })

  it('have names of their own', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length)
  })
})
