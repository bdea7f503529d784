import type { CheckInfo, Severity } from '../check.js'
import { type CheckResult, fingerprintOf, type IsolationEvent } from '../events.js'
import { checkPage } from '../explain/page.js'
import { referenceOf, referencesByList } from '../explain/references.js'
import type { Stop } from '../preflight.js'
import { recordOf } from './record.js'
import { failureOf, reasonOf, sawOf, strongest, titleOf } from './wording.js'

export interface SarifOptions {
  readonly version: string
  /** The file that the rules of the server stand in, relative to the repository: code scanning shows nothing without a file. */
  readonly authFile?: string | undefined
}

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}

/** CVSS-like figures, from which code scanning makes its own words for severity. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '1.0',
}

/** A SARIF 2.1.0 log: a rule for every check that was tried, a result for every leak; accepted ones are suppressed. */
export function sarifReport(events: readonly IsolationEvent[], { version, authFile }: SarifOptions): unknown {
  const { run, finished, results, leaks, accepted, open } = recordOf(events)
  const checks = [...new Map(results.map(({ check }) => [check.id, check])).values()]
  const early = finished.stop && finished.stop.evidence.length > 0 ? [finished.stop] : []
  const rules = [...checks.map(ruleOf), ...early.map(earlyRule)]
  const indexOf = new Map(rules.map(({ id }, ruleIndex) => [id, ruleIndex]))
  const physical = authFile === undefined ? {} : { physicalLocation: physicalLocation(authFile) }
  const result = (one: CheckResult) => ({
    ruleId: one.check.id,
    ruleIndex: indexOf.get(one.check.id),
    level: LEVELS[one.check.severity],
    message: { text: messageOf(one) },
    locations: [{ ...physical, logicalLocations: routesOf(one).map(logicalLocation) }],
    partialFingerprints: { 'authkitIsolation/v1': fingerprintOf(one) },
    ...(one.accepted
      ? { suppressions: [{ kind: 'external', status: 'accepted', justification: one.accepted.reason }] }
      : {}),
    properties: { actor: one.actor, controls: one.controls },
  })
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0-rtm.5.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'authkit test-isolation', semanticVersion: version, rules } },
        automationDetails: { id: 'authkit-isolation/' },
        invocations: [
          {
            executionSuccessful: finished.stop === undefined && !finished.interrupted,
            exitCode: finished.exitCode,
            startTimeUtc: run.startedAt,
            toolExecutionNotifications: [
              ...open.map((one) => ({
                level: 'warning',
                message: { text: `${titleOf(one.check, one.actor)}: not decided, ${reasonOf(one.verdict)}` },
                associatedRule: { id: one.check.id, index: indexOf.get(one.check.id) },
              })),
              ...(finished.stop && early.length === 0
                ? [{ level: 'error', message: { text: `${finished.stop.message} ${finished.stop.advice}` } }]
                : []),
            ],
          },
        ],
        results: [
          ...[...leaks, ...accepted].map(result),
          ...early.map((stop) => ({
            ruleId: stop.id,
            ruleIndex: indexOf.get(stop.id),
            level: 'error',
            message: { text: `${stop.message} ${stop.advice}` },
            locations: [{ ...physical, logicalLocations: stop.evidence.map(({ route }) => logicalLocation(route)) }],
          })),
        ],
        columnKind: 'utf16CodeUnits',
      },
    ],
  }
}

function ruleOf(check: CheckInfo) {
  const [actor = 'bob'] = check.actors ?? []
  const { cwe, owasp, wstg } = referencesByList(check.refs)
  const [ref] = check.refs
  const page = checkPage(check)
  return {
    id: check.id,
    name: check.id.replace(/(^|[.-])(\w)/g, (_, _between, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `${titleOf(check, actor)}.` },
    fullDescription: { text: [`${failureOf(check, actor)}.`, check.impact ?? ''].join(' ').trim() },
    help: { text: [check.impact ?? '', `How to fix it: ${check.fix}`].join('\n\n').trim(), markdown: page },
    ...(ref === undefined ? {} : { helpUri: referenceOf(ref).url }),
    defaultConfiguration: { level: LEVELS[check.severity] },
    properties: {
      'security-severity': SECURITY_SEVERITY[check.severity],
      precision: 'very-high',
      tags: ['security', check.family, ...cwe.map((id) => `external/cwe/${id.toLowerCase()}`), ...owasp, ...wstg],
    },
  }
}

/** The suite ended at once: its finding has a rule of its own. */
function earlyRule({ id, message, advice }: Stop) {
  return {
    id,
    name: 'NoAuthentication',
    shortDescription: { text: message },
    fullDescription: { text: message },
    help: { text: advice, markdown: advice },
    defaultConfiguration: { level: LEVELS.critical },
    properties: { 'security-severity': SECURITY_SEVERITY.critical, precision: 'very-high', tags: ['security'] },
  }
}

function messageOf({ check, actor, verdict }: CheckResult): string {
  const saw = strongest(verdict.kind === 'leak' ? verdict.evidence : []).slice(0, 3)
  return [
    `${failureOf(check, actor)}.`,
    ...saw.map((one) => `Saw ${sawOf(one)} in ${one.status} ${one.route}.`),
    `Fix: ${check.fix}`,
  ].join('\n')
}

function routesOf({ verdict }: CheckResult): string[] {
  return verdict.kind === 'leak' ? [...new Set(verdict.evidence.map(({ route }) => route))] : []
}

function logicalLocation(route: string) {
  return { fullyQualifiedName: route, kind: 'resource' }
}

function physicalLocation(file: string) {
  const uri = encodeURI(file.replaceAll('\\', '/').replace(/^\.\//, ''))
  return { artifactLocation: { uri, uriBaseId: '%SRCROOT%' }, region: { startLine: 1 } }
}
