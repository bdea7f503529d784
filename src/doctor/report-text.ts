import type { Style } from '../cli/style.js'
import { SUBJECTS, type Subject } from './check.js'
import type { Finding, Level } from './finding.js'
import { countsOf, type Result } from './run-checks.js'

export interface TextOptions {
  readonly style: Style
  /** Also says why something was skipped. */
  readonly verbose: boolean
}

const WORDS: Readonly<Record<Level, string>> = {
  wrong: 'WRONG',
  warning: 'warn',
  undecided: 'open',
  note: 'note',
  ok: 'ok',
  skipped: 'skip',
}

const ID = 18
const INDENT = ' '.repeat(9 + ID)
const WIDTH = 100

/** What a person reads: a line for each finding, with what to do about it, and how many there are. */
export function doctorText(results: readonly Result[], options: TextOptions): string {
  const { bold } = options.style
  return [
    `  ${bold('authkit doctor')}`,
    ...SUBJECTS.flatMap((subject) => section(subject, results, options)),
    '',
    `  ${summary(results, options.style)}`,
    '',
  ].join('\n')
}

function section(subject: Subject, all: readonly Result[], { style, verbose }: TextOptions): string[] {
  const own = all.filter(({ check }) => check.subject === subject)
  if (own.length === 0) return []
  const results = own.flatMap(({ check, findings }) => findings.map((finding) => ({ id: check.id, finding })))
  const shown = verbose ? results : results.filter(({ finding }) => finding.level !== 'skipped')
  const left = results.filter((result) => !shown.includes(result)).map(({ id }) => id)
  return [
    '',
    `  ${style.bold(subject)}`,
    ...shown.flatMap(({ id, finding }) => findingLines(id, finding, style)),
    ...(left.length > 0 ? skippedLines(left, style) : []),
  ]
}

function findingLines(id: string, finding: Finding, style: Style): string[] {
  const [first = '', ...rest] = wrapped(finding.message, WIDTH - INDENT.length)
  return [
    `  ${paintOf(finding.level, style)(WORDS[finding.level].padEnd(5))}  ${id.padEnd(ID)}${first}`,
    ...rest.map((line) => INDENT + line),
    ...('fix' in finding ? wrapped(finding.fix, WIDTH - INDENT.length).map((line) => INDENT + style.cyan(line)) : []),
  ]
}

/** The names alone. */
function skippedLines(ids: readonly string[], { dim }: Style): string[] {
  return wrapped(ids.join(' '), WIDTH - 9).map((line, at) =>
    dim(`  ${(at === 0 ? WORDS.skipped : '').padEnd(5)}  ${line}`),
  )
}

function summary(results: readonly Result[], style: Style): string {
  const { ok, wrong, warning, undecided, skipped } = countsOf(results)
  return [
    style.green(`${ok} fine`),
    ...(wrong > 0 ? [style.red(`${wrong} wrong`)] : []),
    ...(warning > 0 ? [style.yellow(`${warning} ${warning === 1 ? 'warning' : 'warnings'}`)] : []),
    ...(undecided > 0 ? [style.yellow(`${undecided} undecided`)] : []),
    ...(skipped > 0 ? [style.dim(`${skipped} skipped`)] : []),
  ].join('   ')
}

function paintOf(level: Level, { red, yellow, cyan, green, dim }: Style): (text: string) => string {
  return { wrong: red, warning: yellow, undecided: yellow, note: cyan, ok: green, skipped: dim }[level]
}

/** Lines of a width. A word that is too long stays whole: it may be a URL to copy. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
