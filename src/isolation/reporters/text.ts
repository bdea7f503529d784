import type { Cause } from '../diagnosis.js'
import type { CheckResult, IsolationEvent } from '../events.js'
import { resultKey } from '../events.js'
import { fixOf } from '../fix.js'
import { type Matrix, matrixOf } from './matrix.js'
import { parted, skippedReasons } from './record.js'
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
  type Word,
  wrapped,
} from './wording.js'

type Paint = (text: string) => string

/** The colours this reporter uses. Plain functions, so that it needs no terminal. */
export interface Colours {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
}

export interface TextOptions {
  readonly colours: Colours
  /** A line for every check as it ends. Without it only where the checks are few. */
  readonly verbose: boolean
}

/** Up to here every check has its line without --verbose. */
const FEW = 12
const EVIDENCE_SHOWN = 3
/** The column in which what is said about a finding begins. */
const INDENT = ' '.repeat(8)
const WIDTH = 100

/** Turns the events of a run into text: a header, and at the end the matrix, what is open, and the leaks last. */
export function textReporter({ colours, verbose }: TextOptions): (event: IsolationEvent) => string {
  const { bold, dim, green, red, yellow } = colours
  const paint: Readonly<Record<Word, Paint>> = {
    isolated: green,
    leak: red,
    accepted: yellow,
    inconclusive: yellow,
    skipped: dim,
  }
  const results: CheckResult[] = []
  let run: Extract<IsolationEvent, { kind: 'started' }> | undefined

  const line = (result: CheckResult) => {
    const { check, actor, verdict, accepted, intended } = result
    const kind = accepted ? 'accepted' : verdict.kind
    const sentence = verdict.kind === 'leak' || intended ? failureOf(check, actor) : titleOf(check, actor)
    const reason = reasonOf(verdict)
    return `  ${paint[kind](WORDS[kind].padEnd(5))} ${resultKey(result).padEnd(33)} ${sentence}${reason ? dim(`  ${reason}`) : ''}\n`
  }

  /** `        fix     In auth.ts, ...`, wrapped under itself. */
  const said = (label: string, text: string): string => {
    const [first = '', ...rest] = wrapped(text, WIDTH - 16)
    return [`${INDENT}${dim(label.padEnd(8))}${first}`, ...rest.map((more) => `${INDENT}        ${more}`)].join('\n')
  }
  const verbatim = (label: string, lines: readonly string[]): string =>
    lines.map((text, index) => `${INDENT}${dim((index === 0 ? label : '').padEnd(8))}${text}`).join('\n')

  const stopped = (stop: NonNullable<Extract<IsolationEvent, { kind: 'finished' }>['stop']>) => {
    const word = stop.evidence.length > 0 ? red('LEAK ') : yellow('open ')
    return [
      `  ${word}  ${bold(stop.id)}  ${stop.message}`,
      ...stop.evidence.flatMap((item) => [
        said('saw', `${item.excerpt} in ${item.status} ${item.route}`),
        verbatim('repeat', repeatLines(item.curl)),
      ]),
      said('fix', stop.advice),
    ]
  }

  const leak = (result: CheckResult, target: string): string[] => {
    const { check, actor, verdict } = result
    const best = strongest(verdict.kind === 'leak' ? verdict.evidence : [])
    const more = best.length - EVIDENCE_SHOWN
    const fix = fixOf(check.fix)
    return [
      `  ${red('LEAK ')}  ${red(check.severity.padEnd(8))}  ${bold(resultKey(result))}`,
      `${INDENT}${failureOf(check, actor)}`,
      ...best.slice(0, EVIDENCE_SHOWN).map((one) => {
        return `${INDENT}${dim('saw     ')}${sawOf(one)}  ${dim(`in ${one.status} ${one.route}`)}`
      }),
      ...(more > 0 ? [dim(`${INDENT}        and ${more} more, see --json`)] : []),
      ...(best[0] ? [verbatim('repeat', repeatLines(best[0].curl))] : []),
      // Of any other API it made nothing that would go.
      ...(check.family === 'any'
        ? []
        : [
            dim(
              `${INDENT}        on objects that stay: authkit test-isolation --url ${target} --only ${check.id} --keep`,
            ),
          ]),
      said('fix', fix.words),
      ...(fix.code === undefined ? [] : [verbatim('', fix.code.split('\n'))]),
      said('more', `authkit test-isolation --explain ${check.id}`),
    ]
  }

  /** What stayed open for one reason, and what helps, said once. */
  const open = ([reason, results]: [reason: string, results: readonly CheckResult[]]): string[] => {
    const more = results.length - FEW
    return [
      ...results
        .slice(0, FEW)
        .map(
          (result) => `  ${yellow('open ')}  ${bold(resultKey(result))}  ${dim(titleOf(result.check, result.actor))}`,
        ),
      ...(more > 0 ? [dim(`${INDENT}and ${more} more, see --json`)] : []),
      said('why', reason),
      said('do', adviceFor(reason)),
    ]
  }

  const accepted = (result: CheckResult): string => {
    return `  ${yellow('known')}  ${result.check.severity.padEnd(8)}  ${bold(resultKey(result))}  ${acceptedBecause(result.accepted)}`
  }

  const report = (event: Extract<IsolationEvent, { kind: 'finished' }>): string => {
    const groups = parted(results)
    const left = event.cleanup?.left ?? []
    const sections: (readonly string[])[] = [
      results.length > FEW ? matrixLines(matrixOf(results), colours, paint) : [],
      skippedReasons(results).map(([reason, count]) => `  ${dim('skip ')}  ${plural(count, 'check')}: ${reason}`),
      ...Array.from(byReason(groups.open), open),
      groups.accepted.map(accepted),
      (event.notes ?? []).map((note) => `  ${dim('note ')}  ${note}`),
      results.length === 0 && !event.stop ? [`  ${dim('note ')}  nothing was given that these checks could try`] : [],
      event.cleanup === undefined
        ? event.ledgers.map((file) => `  ${dim('kept ')}  to remove it: authkit test-isolation --cleanup ${file}`)
        : [],
      left.length === 0
        ? []
        : [
            yellow(`  ${plural(left.length, 'object')} could not be removed:`),
            ...left.map(({ curl }) => `${INDENT}${curl}`),
          ],
      ...groups.leaks.map((result) => leak(result, run?.run.target ?? '')),
      event.stop ? stopped(event.stop) : [],
      ...event.causes.map(likely),
      [footer(event)],
    ]
    return sections
      .flatMap((lines) => (lines.length === 0 ? [] : ['', ...lines]))
      .join('\n')
      .concat('\n')
  }

  const likely = ({ sentence, repair, checks }: Cause): string[] => [
    `  ${bold('likely cause')}  ${sentence}${checks.length > 0 ? dim(`  explains ${plural(checks.length, 'result')}`) : ''}`,
    ...repair.split('\n').map((line) => `${INDENT}${line}`),
  ]

  const footer = ({ summary, ms, interrupted, exitCode }: Extract<IsolationEvent, { kind: 'finished' }>): string => {
    const { isolated, leak: leaks, accepted: known, inconclusive, skipped } = summary
    const counts = [
      `${isolated} isolated`,
      leaks > 0 ? red(plural(leaks, 'leak')) : '0 leaks',
      ...(known > 0 ? [yellow(`${known} known`)] : []),
      inconclusive > 0 ? yellow(`${inconclusive} inconclusive`) : '0 inconclusive',
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      seconds(ms),
    ]
    return `  ${counts.join('   ')}${interrupted ? `  ${yellow('interrupted')}` : ''}          ${dim(`exit code ${exitCode}`)}`
  }

  return (event) => {
    if (event.kind === 'started') {
      run = event
      return header(event, colours)
    }
    if (event.kind === 'checked') {
      results.push(event.result)
      const { verdict } = event.result
      const remarkable = verdict.kind === 'isolated' && verdict.remarks !== undefined
      return verbose || (run?.total ?? 0) <= FEW || remarkable ? line(event.result) : ''
    }
    return report(event)
  }
}

function byReason(results: readonly CheckResult[]): Map<string, CheckResult[]> {
  const groups = new Map<string, CheckResult[]>()
  for (const result of results) {
    const reason = reasonOf(result.verdict) ?? ''
    groups.set(reason, [...(groups.get(reason) ?? []), result])
  }
  return groups
}

function header({ run, total }: Extract<IsolationEvent, { kind: 'started' }>, { bold, dim }: Colours): string {
  const server = run.server ? `   ${run.server}` : ''
  const names = Object.entries(run.identities).map(
    ([name, identity]) => `${name.charAt(0).toUpperCase()}${name.slice(1)}  ${identity}`,
  )
  const checks = plural(total, 'check')
  const who = run.server ? [...(names.length > 0 ? names : ['Alice  ?', 'Bob  ?']), checks] : [checks]
  return (
    `  ${bold('authkit test-isolation')}  ${run.target}${server}   ${dim(`run ${run.id}   seed ${run.seed}`)}\n` +
    `  ${who.join('   ')}\n`
  )
}

/** Resource and attacker down, operation across. */
function matrixLines(
  { columns, rows }: Matrix,
  { dim }: Colours,
  paint: Readonly<Record<Word, Paint>>,
): readonly string[] {
  const lines = rows.map(({ resource, actor, cells, note }, index) => {
    const name = rows[index - 1]?.resource === resource ? '' : resource
    const words = cells.map((word) => (word ? paint[word](WORDS[word].padEnd(9)) : dim('-'.padEnd(9))))
    return `  ${name.padEnd(11)} ${actor.padEnd(7)} ${words.join('')}${note === undefined ? '' : dim(note)}`.trimEnd()
  })
  return [`  ${''.padEnd(19)} ${columns.map((operation) => operation.padEnd(9)).join('')}`.trimEnd(), ...lines]
}
