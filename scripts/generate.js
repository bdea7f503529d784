// Writes what follows from data alone: the list of the checks, their pages, and the page of the providers. Tests fail where
// this was not run.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const biome = path('node_modules/@biomejs/biome/bin/biome')
const pages = path('docs/checks')

/** The text of src/isolation/checks/index.ts: one import and one row a file, by family. */
export function checksIndex() {
  return indexOf('src/isolation/checks', {
    isCheck: (file) => file.includes('/'),
    where: 'A check is a file in the folder of its family.',
    comment: 'The suite: every check there is.',
  })
}

/** The text of src/doctor/checks/index.ts: one import and one row a file. */
export function doctorIndex() {
  return indexOf('src/doctor/checks', {
    isCheck: (file) => file !== 'index.ts',
    where: 'A check is a file of this folder.',
    comment: 'Everything that `authkit doctor` looks at.',
  })
}

function indexOf(folder, { isCheck, where, comment }) {
  const files = readdirSync(path(folder), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && isCheck(file))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort()
  const rows = files.map((file) => ({ file, name: exportOf(path(`${folder}/${file}.ts`)) }))
  const text = [
    `// Written by \`npm run generate\`. ${where}`,
    '// biome-ignore-all assist/source/organizeImports: it is written in the order of the files',
    `import type { Check } from '../check.js'`,
    ...rows.map(({ file, name }) => `import { ${name} } from './${file}.js'`),
    '',
    `/** ${comment} */`,
    `export const CHECKS: readonly Check[] = [`,
    ...rows.map(({ name }) => `  ${name},`),
    ']',
    '',
  ].join('\n')
  // Imports stand in an order of biome's own.
  const args = [biome, 'check', '--write', `--stdin-file-path=${folder}/index.ts`]
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
  writeFileSync(path('src/isolation/checks/index.ts'), checksIndex())
  writeFileSync(path('src/doctor/checks/index.ts'), doctorIndex())
  // The pages are read from the lists that were just written.
  const files = await checkPages()
  mkdirSync(pages, { recursive: true })
  for (const left of readdirSync(pages).filter((file) => !files.has(file))) rmSync(join(pages, left))
  for (const [file, text] of files) writeFileSync(join(pages, file), text)
  const { providersPage } = await import('./providers-page.js')
  writeFileSync(path('docs/providers.md'), providersPage())
  const { doctorPage } = await import('./doctor-page.js')
  writeFileSync(path('docs/doctor.md'), doctorPage())
}
