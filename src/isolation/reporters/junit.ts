import { type CheckResult, type IsolationEvent, resultKey } from '../events.js'
import type { Stop } from '../preflight.js'
import { recordOf } from './record.js'
import { acceptedBecause, adviceFor, failureOf, reasonOf, sawOf, strongest, titleOf } from './wording.js'
import { escapeXml } from './xml.js'

export interface JunitOptions {
  /** What stayed open is an error, as the exit code has it; otherwise it is skipped. */
  readonly openIsError: boolean
}

interface Case {
  readonly suite: string
  readonly name: string
  readonly ms: number
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped'
  readonly message: string
  readonly text: string
}

/** JUnit XML, as GitLab, Jenkins and GitHub's actions read it: a suite a family, a case for each check and attacker. */
export function junitReport(events: readonly IsolationEvent[], { openIsError }: JunitOptions): string {
  const { run, results, finished } = recordOf(events)
  const cases = [
    ...results.map((result) => caseOf(result, openIsError)),
    ...(finished.stop ? [stopCase(finished.stop)] : []),
  ]
  const suites = [...new Set(cases.map(({ suite }) => suite))].map((name) => {
    const own = cases.filter(({ suite }) => suite === name)
    const timestamp = run.startedAt.replace(/\.\d+Z$/, '')
    const attributes = { name: `isolation.${name}`, ...counts(own), skipped: count(own, 'skipped'), timestamp }
    return [`  <testsuite ${written(attributes)}>`, ...own.flatMap(lines), '  </testsuite>'].join('\n')
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${written({ name: `authkit test-isolation ${run.target}`, ...counts(cases) })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function caseOf(result: CheckResult, openIsError: boolean): Case {
  const { check, actor, verdict, accepted, requests } = result
  const reason = reasonOf(verdict) ?? ''
  const kinds = { isolated: 'passed', leak: 'failure', inconclusive: 'error', skipped: 'skipped' } as const
  const open = verdict.kind === 'inconclusive'
  const common = { suite: check.family, name: resultKey(result), ms: requests.reduce((sum, { ms }) => sum + ms, 0) }
  if (verdict.kind === 'leak') {
    const message = failureOf(check, actor)
    if (accepted) {
      const text = `accepted leak: ${message}. ${acceptedBecause(accepted)}`
      return { ...common, kind: 'skipped', message, text }
    }
    const saw = strongest(verdict.evidence).flatMap((one) => [
      `saw     ${sawOf(one)} in ${one.status} ${one.route}`,
      `repeat  ${one.curl}`,
    ])
    return { ...common, kind: 'failure', message, text: [...saw, `fix     ${check.fix}`].join('\n') }
  }
  return {
    ...common,
    kind: open && !openIsError ? 'skipped' : kinds[verdict.kind],
    message: open ? reason : titleOf(check, actor),
    text: open ? `inconclusive: ${reason}\n${adviceFor(reason)}` : reason,
  }
}

/** The suite ended before its checks: that must not look like a suite without failures. */
function stopCase({ id, message, advice, evidence }: Stop): Case {
  const leaks = evidence.length > 0
  const text = [...evidence.map(({ excerpt, curl }) => `saw     ${excerpt}\nrepeat  ${curl}`), `fix     ${advice}`]
  return { suite: 'preflight', name: id, ms: 0, kind: leaks ? 'failure' : 'error', message, text: text.join('\n') }
}

function lines({ suite, name, ms, kind, message, text }: Case): string[] {
  const opening = `    <testcase ${written({ name, classname: `isolation.${suite}`, time: secondsOf(ms) })}`
  if (kind === 'passed') return [`${opening}/>`]
  const type = { failure: 'leak', error: 'inconclusive', skipped: '' }[kind]
  const attributes = kind === 'skipped' ? '' : ` ${written({ message, type })}`
  return [`${opening}>`, `      <${kind}${attributes}>${escapeXml(text)}</${kind}>`, '    </testcase>']
}

function counts(cases: readonly Case[]) {
  return {
    tests: cases.length,
    failures: count(cases, 'failure'),
    errors: count(cases, 'error'),
    time: secondsOf(cases.reduce((sum, { ms }) => sum + ms, 0)),
  }
}

function count(cases: readonly Case[], kind: Case['kind']): number {
  return cases.filter((one) => one.kind === kind).length
}

function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function written(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${escapeXml(String(value))}"`)
    .join(' ')
}
