// Writes what follows from data alone: the list of the checks, their pages, and the page of the providers. Tests fail where
// this was not run.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../src/isolation/checks', import.meta.url))
const biome = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const providers = fileURLToPath(new URL('../docs/providers.md', import.meta.url))
const pages = fileURLToPath(new URL('../docs/checks', import.meta.url))

/** The text of checks/index.ts: one import and one row a file, by family. */
export function checksIndex() {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ts$/.test(file) && file.includes('/'))
    .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''))
    .sort()
  const rows = files.map((file) => ({ file, name: exportOf(join(folder, `${file}.ts`)) }))
  const text = [
    '// Written by `npm run generate`. A check is a file in the folder of its family.',
    '// biome-ignore-all assist/source/organizeImports: it is written in the order of the files',
    `import type { Check } from '../check.js'`,
    ...rows.map(({ file, name }) => `import { ${name} } from './${file}.js'`),
    '',
    '/** The suite: every check there is. */',
    `export const CHECKS: readonly Check[] = [`,
    ...rows.map(({ name }) => `  ${name},`),
    ']',
    '',
  ].join('\n')
  // Imports stand in an order of biome's own.
  const args = [biome, 'check', '--write', '--stdin-file-path=src/isolation/checks/index.ts']
  return execFileSync(process.execPath, args, { input: text, encoding: 'utf8' })
}

/** The files of docs/checks by name: one a check, and the index. */
export async function checkPages() {
  const { CHECKS: suite } = await import('../src/isolation/checks/index.ts')
  const { ANY_CHECKS } = await import('../src/isolation/any/checks/index.ts')
  const checks = [...suite, ...ANY_CHECKS]
  const { checkPage, checksIndexPage } = await import('../src/isolation/explain/page.ts')
  return new Map([
    ['README.md', checksIndexPage(checks)],
    ...checks.map((check) => [`${check.id}.md`, checkPage(check)]),
  ])
}

function exportOf(file) {
  const name = /^export const (\w+): Check = /m.exec(readFileSync(file, 'utf8'))?.[1]
  if (!name) throw new Error(`${basename(file)} exports no check: export const name: Check = { ... }`)
  return name
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(folder, 'index.ts'), checksIndex())
  // The pages are read from the list that was just written.
  const files = await checkPages()
  mkdirSync(pages, { recursive: true })
  for (const left of readdirSync(pages).filter((file) => !files.has(file))) rmSync(join(pages, left))
  for (const [file, text] of files) writeFileSync(join(pages, file), text)
  const { providersPage } = await import('./providers-page.js')
  writeFileSync(providers, providersPage())
}
