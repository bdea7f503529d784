import type { Attacker } from '../actor.js'
import { OPERATIONS, RESOURCES, type Severity } from '../check.js'
import type { Cause } from '../diagnosis.js'
import type { CheckResult, IsolationEvent } from '../events.js'
import type { Evidence } from '../evidence.js'
import type { Verdict } from '../verdict.js'
import { failureOf, reasonOf, titleOf } from './wording.js'

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
  /** A line for every check. Without it only what is not isolated gets one, unless the checks are few. */
  readonly verbose: boolean
}

/** Up to here every check has its line without --verbose. */
const FEW = 12
const EVIDENCE_SHOWN = 3
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
const WORDS: Readonly<Record<Verdict['kind'], string>> = {
  isolated: 'ok',
  leak: 'LEAK',
  inconclusive: 'open',
  skipped: 'skip',
}
/** For a cell of the matrix: the worst first. */
const WORST: readonly Verdict['kind'][] = ['leak', 'inconclusive', 'isolated', 'skipped']

/** Turns the events of a run into text: a header, lines, and at the end the matrix and the leaks. */
export function textReporter({ colours, verbose }: TextOptions): (event: IsolationEvent) => string {
  const { bold, dim, green, red, yellow } = colours
  const paint: Readonly<Record<Verdict['kind'], Paint>> = {
    isolated: green,
    leak: red,
    inconclusive: yellow,
    skipped: dim,
  }
  const results: CheckResult[] = []
  let run: Extract<IsolationEvent, { kind: 'started' }> | undefined

  const line = ({ check, actor, verdict }: CheckResult) => {
    const word = paint[verdict.kind](WORDS[verdict.kind].padEnd(5))
    const name = `${check.id}@${actor}`.padEnd(33)
    const sentence = verdict.kind === 'leak' ? failureOf(check, actor) : titleOf(check, actor)
    const reason = reasonOf(verdict)
    return `  ${word} ${name} ${sentence}${reason ? dim(`  ${reason}`) : ''}\n`
  }

  const report = (event: Extract<IsolationEvent, { kind: 'finished' }>): string => {
    const leaks = results
      .filter(({ verdict }) => verdict.kind === 'leak')
      .sort((a, b) => SEVERITIES.indexOf(a.check.severity) - SEVERITIES.indexOf(b.check.severity))
    const parts = [
      ...(event.stop ? [stopped(event.stop)] : []),
      ...(results.length > FEW ? [matrix(results, paint)] : []),
      ...leaks.map((result) => leak(result, run?.run.target ?? '')),
      ...skippedFor(results),
      ...(event.cleanup && event.cleanup.left.length > 0 ? [leftOver(event.cleanup.left)] : []),
      ...event.causes.map(likely),
      footer(event),
    ]
    return `\n${parts.join('\n')}`
  }

  const stopped = ({
    id,
    message,
    advice,
    evidence,
  }: NonNullable<Extract<IsolationEvent, { kind: 'finished' }>['stop']>) => {
    const word = evidence.length > 0 ? red('LEAK') : yellow('open')
    const seen = evidence.map(
      (item) => `        ${item.excerpt} in ${item.status} ${item.route}\n        ${item.curl}\n`,
    )
    return `  ${word}  ${bold(id)}  ${message}\n${seen.join('')}        fix: ${advice}\n`
  }

  const leak = ({ check, actor, verdict }: CheckResult, target: string): string => {
    const evidence = verdict.kind === 'leak' ? verdict.evidence : []
    const best = strongest(evidence)
    const shown = best.slice(0, EVIDENCE_SHOWN).map(({ slot, where, excerpt, status, route }) => {
      return `        saw     ${slot}${where === 'answer' ? '' : ` at ${where}`}: ${excerpt}  ${dim(`in ${status} ${route}`)}`
    })
    const more =
      best.length > EVIDENCE_SHOWN ? [dim(`        and ${best.length - EVIDENCE_SHOWN} more, see --json`)] : []
    return [
      `  ${red('LEAK')}  ${check.severity.padEnd(8)}  ${bold(`${check.id}@${actor}`)}  ${failureOf(check, actor)}`,
      ...shown,
      ...more,
      `        repeat  ${best[0]?.curl ?? ''}`,
      dim(
        `                to repeat it on objects that are still there: authkit test-isolation --url ${target} --only ${check.id} --keep`,
      ),
      `        fix     ${check.fix}`,
      '',
    ].join('\n')
  }

  /** Why checks were skipped, each reason once: what was not tried is not proved. */
  const skippedFor = (all: readonly CheckResult[]): string[] => {
    const reasons = new Map<string, number>()
    for (const { verdict } of all) {
      if (verdict.kind === 'skipped') reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1)
    }
    if (reasons.size === 0) return []
    const lines = [...reasons].map(([reason, count]) => `  ${dim('skip')}  ${plural(count, 'check')}: ${reason}`)
    return [`${lines.join('\n')}\n`]
  }

  const likely = ({ sentence, repair, checks }: Cause): string =>
    [
      `  ${bold('likely cause')}  ${sentence}${checks.length > 0 ? dim(`  explains ${plural(checks.length, 'result')}`) : ''}`,
      ...repair.split('\n').map((line) => `        ${line}`),
      '',
    ].join('\n')

  const leftOver = (left: readonly { kind: string; curl: string }[]) =>
    [
      `  ${yellow(`${left.length} objects could not be removed:`)}`,
      ...left.map(({ curl }) => `        ${curl}`),
      '',
    ].join('\n')

  const footer = (event: Extract<IsolationEvent, { kind: 'finished' }>): string => {
    const { isolated, leak: leaks, inconclusive, skipped } = event.summary
    const counts = [
      `${isolated} isolated`,
      leaks > 0 ? red(plural(leaks, 'leak')) : '0 leaks',
      inconclusive > 0 ? yellow(`${inconclusive} inconclusive`) : '0 inconclusive',
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      `${(event.ms / 1000).toFixed(1)} s`,
    ]
    const interrupted = event.interrupted ? `  ${yellow('interrupted')}` : ''
    return `  ${counts.join('   ')}${interrupted}          ${dim(`exit code ${event.exitCode}`)}\n`
  }

  return (event) => {
    if (event.kind === 'started') {
      run = event
      return header(event, colours)
    }
    if (event.kind === 'checked') {
      results.push(event.result)
      const { verdict } = event.result
      const quiet = verdict.kind === 'skipped' || (verdict.kind === 'isolated' && verdict.remarks === undefined)
      return verbose || (run?.total ?? 0) <= FEW || !quiet ? line(event.result) : ''
    }
    return report(event)
  }
}

function header({ run, total }: Extract<IsolationEvent, { kind: 'started' }>, { bold, dim }: Colours): string {
  const server = run.server ? `   ${run.server}` : ''
  const { alice = '?', bob = '?' } = run.identities
  const names = run.server ? `  Alice  ${alice}   Bob  ${bob}   ` : '  '
  return `  ${bold('authkit test-isolation')}  ${run.target}${server}   ${dim(`run ${run.id}   seed ${run.seed}`)}\n${names}${total} checks\n\n`
}

/** Resource and attacker down, operation across; a cell says the worst of its checks. */
function matrix(results: readonly CheckResult[], paint: Readonly<Record<Verdict['kind'], Paint>>): string {
  const actors: readonly Attacker[] = ['bob', 'nobody', 'junk']
  const columns = OPERATIONS.filter((operation) => results.some(({ check }) => check.operation === operation))
  const rows = RESOURCES.flatMap((resource) =>
    actors.flatMap((actor) => {
      const own = results.filter((result) => result.check.resource === resource && result.actor === actor)
      return own.length === 0 ? [] : [{ resource, actor, own }]
    }),
  )
  const lines = rows.map(({ resource, actor, own }, index) => {
    const name = rows[index - 1]?.resource === resource ? '' : resource
    const cells = columns.map((operation) => {
      const kinds = own.filter(({ check }) => check.operation === operation).map(({ verdict }) => verdict.kind)
      const kind = WORST.find((one) => kinds.includes(one))
      return kind ? paint[kind](WORDS[kind].padEnd(9)) : '-'.padEnd(9)
    })
    return `  ${name.padEnd(11)} ${actor.padEnd(7)} ${cells.join('')}`.trimEnd()
  })
  return (
    `  ${''.padEnd(19)} ${columns.map((operation) => operation.padEnd(9)).join('')}`.trimEnd() +
    `\n${lines.join('\n')}\n`
  )
}

/** A canary says more than a status; one line a slot. */
function strongest(evidence: readonly Evidence[]): Evidence[] {
  const seen = new Set<string>()
  const distinct = evidence.filter(({ slot, route }) => {
    const key = `${slot} ${route}`
    return seen.has(key) ? false : seen.add(key)
  })
  return distinct.sort((a, b) => Number(a.slot === 'answer') - Number(b.slot === 'answer'))
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
