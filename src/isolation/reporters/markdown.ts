import { type CheckResult, type IsolationEvent, resultKey } from '../events.js'
import { fixOf } from '../fix.js'
import { matrixOf } from './matrix.js'
import { headlineOf, type RunRecord, recordOf, skippedReasons } from './record.js'
import { repeatLines } from './repeat.js'
import {
  acceptedBecause,
  adviceFor,
  failureOf,
  plural,
  reasonOf,
  sawOf,
  seconds,
  strongest,
  titleOf,
  WORDS,
} from './wording.js'

/** A comment on GitHub holds 65,536 characters, a few kilobytes are left for what is written around it. */
const MAX_BYTES = 60_000

/** A comment for a pull request. */
export function markdownReport(events: readonly IsolationEvent[]): string {
  const record = recordOf(events)
  const { run, finished, results, leaks, accepted, open } = record
  const before = [
    `## ${headlineOf(record)}`,
    [countsOf(record), code(run.target), ...(run.server ? [text(run.server)] : []), seconds(finished.ms)].join(' · '),
    ...(finished.stop ? [stopped(finished.stop)] : []),
    ...(results.length > 0 ? [matrix(results)] : []),
  ]
  const after = [
    ...(accepted.length > 0 ? [section('Known leaks', accepted.map(acceptedLine))] : []),
    ...(open.length > 0 ? [section('Not decided', open.map(openLine))] : []),
    ...(finished.notes?.length
      ? [
          section(
            'Notes',
            finished.notes.map((note) => `- ${text(note)}`),
          ),
        ]
      : []),
    ...(skippedReasons(results).length > 0
      ? [
          section(
            'Not tried',
            skippedReasons(results).map(([reason, count]) => `- ${plural(count, 'check')}: ${text(reason)}`),
          ),
        ]
      : []),
    `<sub>authkit test-isolation, seed ${run.seed}. \`authkit test-isolation --explain ID\` says more about a check.</sub>`,
  ]
  return fitted(before, leaks.map(leak), after)
}

/** As many of the leaks as there is room for, and after them as much as there is room for. */
function fitted(before: readonly string[], leaks: readonly string[], after: readonly string[]): string {
  const size = (parts: readonly string[]) => Buffer.byteLength(parts.join('\n\n'))
  const parts = [...before]
  let shown = 0
  while (shown < leaks.length && size([...parts, leaks[shown] as string, '']) < MAX_BYTES * 0.8) {
    parts.push(leaks[shown++] as string)
  }
  if (shown < leaks.length) parts.push(`And ${plural(leaks.length - shown, 'more leak')}, in the full report.`)
  for (const part of after) if (size([...parts, part, '']) < MAX_BYTES) parts.push(part)
  return `${parts.join('\n\n')}\n`
}

function countsOf({ finished: { summary } }: RunRecord): string {
  const { isolated, leak, accepted, inconclusive, skipped } = summary
  return [
    `**${isolated}** isolated`,
    `**${leak}** ${leak === 1 ? 'leak' : 'leaks'}`,
    ...(accepted > 0 ? [`**${accepted}** known`] : []),
    `**${inconclusive}** inconclusive`,
    `**${skipped}** skipped`,
  ].join(', ')
}

function stopped({ id, message, advice, evidence }: NonNullable<RunRecord['finished']['stop']>): string {
  const seen = evidence.map(({ excerpt, route }) => `Saw ${code(excerpt)} in ${code(route)}.`)
  return [`**${text(id)}**: ${text(message)}`, ...seen, text(advice)].join('\n\n')
}

function matrix(results: readonly CheckResult[]): string {
  const { columns, rows } = matrixOf(results)
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    row(['', '', ...columns]),
    row(['---', '---', ...columns.map(() => ':-:')]),
    ...rows.map(({ resource, actor, cells }) =>
      row([resource, actor, ...cells.map((word) => (word === 'leak' ? `**${WORDS.leak}**` : word ? WORDS[word] : ''))]),
    ),
  ].join('\n')
}

function leak(result: CheckResult): string {
  const { check, actor, verdict } = result
  const best = strongest(verdict.kind === 'leak' ? verdict.evidence : [])
  const fix = fixOf(check.fix)
  return [
    `### ${check.severity}: ${code(resultKey(result))}`,
    `${text(failureOf(check, actor))}. ${check.impact === undefined ? '' : text(check.impact)}`.trim(),
    best
      .slice(0, 3)
      .map((one) => `- saw ${code(sawOf(one))} in ${one.status} ${code(one.route)}`)
      .join('\n'),
    `**Fix:** ${text(fix.words)}`,
    ...(fix.code === undefined ? [] : [fenced('ts', fix.code)]),
    ...(best[0]
      ? [`<details><summary>Repeat it</summary>\n\n${fenced('sh', repeatLines(best[0].curl).join('\n'))}\n\n</details>`]
      : []),
  ].join('\n\n')
}

function acceptedLine(result: CheckResult): string {
  return `- ${code(resultKey(result))} (${result.check.severity}): ${text(acceptedBecause(result.accepted))}`
}

function openLine(result: CheckResult): string {
  const reason = reasonOf(result.verdict) ?? ''
  return `- ${code(resultKey(result))} ${text(titleOf(result.check, result.actor))}: ${text(reason)}; ${text(adviceFor(reason))}`
}

function section(title: string, lines: readonly string[]): string {
  return `<details><summary>${title} (${lines.length})</summary>\n\n${lines.join('\n')}\n\n</details>`
}

/** Text that must not become markup, a mention or a new line. */
function text(value: string): string {
  return value
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/@(?=\w)/g, '@\u200b')
}

/** A code span, with more backticks around it than are in it. */
function code(value: string): string {
  const line = value.replace(/\s+/g, ' ')
  const fence = '`'.repeat(longestRun(line) + 1)
  const padded = /^`|`$/.test(line) ? ` ${line} ` : line
  return `${fence}${padded}${fence}`
}

function fenced(language: string, value: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(value) + 1))
  return `${fence}${language}\n${value}\n${fence}`
}

function longestRun(value: string): number {
  return Math.max(0, ...(value.match(/`+/g) ?? []).map((run) => run.length))
}
