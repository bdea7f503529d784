import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { methodOf } from './call.js'
import { calls } from './calls.js'
import { methodsOf, VERSIONS } from './clients.js'
import { type Difference, differences } from './differences.js'

const PAGE = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))

it.each([
  ['methods', methodTable()],
  ['differences', differenceTable()],
])('docs/conformance.md lists the %s that the tests know', (name, table) => {
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest] = cut(page, `<!-- ${name}: written by test/conformance/document.test.ts -->\n`)
  const [, after] = cut(rest, `<!-- end of ${name} -->`)
  const expected = `${before}\n${table}\n${after}`
  if (process.env['AUTHKIT_WRITE_DOCS']) writeFileSync(PAGE, expected)
  else expect(page, 'AUTHKIT_WRITE_DOCS=1 npx vitest run test/conformance rewrites it').toBe(expected)
})

/** What stands before a mark and with it, and what from its end; where the mark closes a part, it begins the rest. */
function cut(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark)
  if (index < 0) throw new Error(`docs/conformance.md has no "${mark.trim()}".`)
  const end = index + (mark.endsWith('\n') ? mark.length : 0)
  return [text.slice(0, end), text.slice(end)]
}

function methodTable(): string {
  const methods = [...new Set(VERSIONS.flatMap(methodsOf))].sort()
  const rows = methods.map((method) => {
    const cases = calls.filter((row) => methodOf(row) === method).map(({ name }) => name.split(': ')[1])
    const there = VERSIONS.map((version) => (methodsOf(version).includes(method) ? 'yes' : 'no'))
    return [`\`${method}\``, ...there, cases.map((name) => name ?? 'as usual').join('; ')]
  })
  return markdown(['Method', ...VERSIONS, 'Calls'], rows)
}

function differenceTable(): string {
  const groups = new Map<string, Difference[]>()
  for (const difference of differences) {
    const { call, ours, peers, why } = difference
    const key = JSON.stringify([call, ours, peers, why])
    groups.set(key, [...(groups.get(key) ?? []), difference])
  }
  const rows = [...groups.values()].map((group) => {
    const { call, ours, peers, why } = group[0] as Difference
    const paths = group.map(({ path }) => `\`${path}\``).join(', ')
    return [`\`${call}\``, paths, ...[ours, peers].map((value) => (value === 'absent' ? value : `\`${value}\``)), why]
  })
  return markdown(['Calls', 'Where', 'authkit', '`langgraphjs dev`', 'Why'], rows)
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}
