import { expect, it } from 'vitest'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { markdownReport } from '../../../src/isolation/reporters/markdown.js'
import { eventsOf, HOSTILE, hostileEvents, leak, mixedEvents, result } from '../support/events.js'

const report = markdownReport(mixedEvents())

it('says in its first line how it went', () => {
  expect(report).toMatch(/^## 2 leaks between users\n/)
  expect(markdownReport(eventsOf([]))).toContain('## Users are isolated')
  expect(markdownReport(eventsOf([], { exitCode: 3 }))).toContain('## Isolation could not be proved')
})

it('shows the matrix, leaks with evidence, fix and repeat lines, and what is known, open and skipped', () => {
  expect(report).toContain('| threads | bob |')
  expect(report).toContain('**LEAK**')
  expect(report).toContain('### high: `thread.read@bob`')
  expect(report).toContain('```ts\nauth.on("threads:read"')
  expect(report).toContain(`export THREAD=5331d9f8`)
  expect(report).toContain('Known leaks (1)')
  expect(report).toContain('The team search is shared')
  expect(report).toContain('Not decided (1)')
  expect(report).toContain('1 check: not offered by this server')
  expect(report).toContain('is fixed: remove it')
})

it('fits into a comment, and says what it left out', () => {
  const many = CHECKS.flatMap(({ id }) =>
    (['bob', 'nobody', 'junk'] as const).map((actor) => result(id, leak(), { actor })),
  )
  const long = markdownReport(eventsOf(many))
  expect(Buffer.byteLength(long)).toBeLessThan(60_000)
  expect(long).toMatch(/And \d+ more leaks, in the full report\./)
})

it('holds no markup but its own', () => {
  const hostile = markdownReport(hostileEvents())
  const outsideCode = hostile.replaceAll('\\`', '').replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '')
  expect(outsideCode).not.toContain('<script>')
  expect(outsideCode).not.toContain('<!--')
  expect(outsideCode).not.toMatch(/@team/)
  expect(hostile).not.toContain(`\n${HOSTILE}`)
})
