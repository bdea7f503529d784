import { printable } from '../cli/printable.js'
import { withoutCredentials } from '../cli/redact.js'
import type { Style } from '../cli/style.js'
import { filterText } from '../engine/filter.js'
import type { EventTrace } from '../engine/trace.js'
import type { RunRecord } from '../runtime/runs/run-record.js'
import type { RequestRecord } from '../server/context.js'
import type { DevEvent, EventCoverage, IssuerReport, RulesReport } from './events.js'
import { errorLines } from './process-guard.js'

/** How wide the names of the banner are. */
const LABEL = 12

/** Where what belongs to the line above stands. */
const UNDER = ' '.repeat(12)

/**
 * What a person reads of an event of the dev server. Undefined where there is nothing to say.
 *
 * Paths, names, reasons and messages come from outside. None of them reaches the terminal as anything but text on the
 * line that it belongs to.
 */
export function devText(event: DevEvent, style: Style): string | undefined {
  switch (event.kind) {
    case 'ready':
      return banner(event, style)
    case 'reloaded':
      return reloaded(event, style)
    case 'request':
      return requestLine(event.record, style)
    case 'run':
      return isWorthALine(event.record) ? runText(event.record, style) : undefined
    case 'problem':
      return problemText(event, style)
    case 'stopping':
      return style.dim('  stopping')
  }
}

function banner(event: Extract<DevEvent, { kind: 'ready' }>, style: Style): string {
  const { url, ms, rules, issuer, database, graphs, warnings, strict } = event
  const line = (name: string, text: string) => `  ${style.dim(name.padEnd(LABEL))}${text}`
  return [
    `  ${style.bold('authkit dev')}  ready in ${Math.round(ms)} ms`,
    '',
    line('API', style.cyan(url)),
    line('API docs', style.cyan(`${url}/docs`)),
    ...issuerLines(issuer, style, line),
    ...rulesLines(rules, strict, style, line),
    line('Graphs', printable(graphs.join(', '))),
    line('Data', printable(database)),
    ...warningLines(warnings, style),
    '',
  ].join('\n')
}

function issuerLines(issuer: IssuerReport, style: Style, line: (name: string, text: string) => string): string[] {
  if (issuer.kind === 'on') {
    const users = issuer.users.map(({ name }) => printable(name)).join(', ')
    return [line('Sign-in', `${style.cyan(issuer.url)}  ${style.dim(`local issuer: ${users}`)}`)]
  }
  return issuer.why === 'left-out' ? [] : [line('Sign-in', 'no local issuer: other machines can reach this server')]
}

function rulesLines(
  rules: RulesReport,
  strict: boolean,
  style: Style,
  line: (name: string, text: string) => string,
): string[] {
  switch (rules.kind) {
    case 'off':
      return [line('Auth', style.red('OFF (--no-auth)'))]
    case 'broken':
      return [line('Auth', style.red('broken; every request gets 503 until it is fixed')), ...brokenLines(rules, style)]
    case 'ready': {
      const handled = rules.coverage.filter(({ handler }) => handler !== undefined)
      return [
        line('Auth', `${printable(rules.file)}      ${handled.length} of ${rules.coverage.length} events handled`),
        ...coverageLines(rules.coverage, strict, style),
        ...rules.tokens.map(({ token, display_name, identity }, index) =>
          line(
            index === 0 ? 'Tokens' : '',
            `${printable(token)}  ${style.dim(printable(`${display_name} (${identity})`))}`,
          ),
        ),
      ]
    }
  }
}

/** Handled events, grouped under the key that handles them; then the open ones, each by its name. */
function coverageLines(coverage: readonly EventCoverage[], strict: boolean, style: Style): string[] {
  const indent = ' '.repeat(LABEL + 2)
  const byKey = new Map<string, string[]>()
  for (const { event, handler } of coverage) {
    if (handler) byKey.set(handler, [...(byKey.get(handler) ?? []), event])
  }
  const open = coverage.filter(({ handler }) => !handler).map(({ event }) => event)
  return [
    ...[...byKey].map(([key, events]) => `${indent}${key.padEnd(20)} ${style.dim(eventList(key, events))}`.trimEnd()),
    ...open.map((event) =>
      strict
        ? `${indent}${event.padEnd(20)} ${style.dim('refused: no handler (--strict)')}`
        : `${indent}${style.yellow(`${event.padEnd(20)} UNPROTECTED`)}: no handler, so everyone may`,
    ),
  ]
}

function eventList(key: string, events: readonly string[]): string {
  if (events.length === 1 && events[0] === key) return ''
  return key === '*' ? events.join(' ') : events.map((event) => event.split(':')[1]).join(' ')
}

function reloaded(event: Extract<DevEvent, { kind: 'reloaded' }>, style: Style): string {
  return [...reloadedLines(event, style), ...warningLines(event.newWarnings, style)].join('\n')
}

function reloadedLines(
  { file, ms, rules, strict }: Extract<DevEvent, { kind: 'reloaded' }>,
  style: Style,
): readonly string[] {
  const line = `  ${style.dim(clock(new Date()))}  ${rules.kind === 'broken' ? style.red('broken') : style.green('reloaded')} ${printable(file)} in ${Math.round(ms)} ms`
  if (rules.kind === 'broken') return [line, ...brokenLines(rules, style)]
  if (rules.kind === 'off') return [line]
  const open = rules.coverage.filter(({ handler }) => !handler).map(({ event }) => event)
  if (open.length === 0) return [line]
  const what = strict ? style.dim('refused (--strict)') : style.yellow('UNPROTECTED')
  return [line, `${UNDER}${what}: ${open.join(' ')}`]
}

function warningLines(warnings: readonly string[], style: Style): string[] {
  return warnings.map((warning) => `  ${style.yellow('warning')}     ${printable(warning)}`)
}

function problemText({ time, message, stack }: Extract<DevEvent, { kind: 'problem' }>, style: Style): string {
  const head = `  ${style.dim(clock(time))}  ${style.red('problem')} ${block(message)}`
  return stack === undefined ? head : `${head}\n${UNDER}${style.dim(block(stack))}`
}

function brokenLines({ error }: Extract<RulesReport, { kind: 'broken' }>, style: Style): string[] {
  return [`${UNDER}${style.red(block(error.message))}`, `${UNDER}${style.dim(printable(error.hint))}`]
}

function requestLine({ time, method, path, status, ms, trace }: RequestRecord, style: Style): string {
  const paint = status >= 500 ? style.red : status >= 400 ? style.yellow : style.green
  const who = printable(trace.displayName ?? trace.identity ?? '-')
  const decisions = trace.events.map((event) => decisionText(event, style)).join(style.dim(' | '))
  const head = `  ${style.dim(clock(time))}  ${paint(String(status))}  ${printable(method).padEnd(6)} ${shortPath(printable(path)).padEnd(34)} ${who.padEnd(8)} ${decisions}  ${style.dim(`${ms.toFixed(1)} ms`)}`
  return trace.problem && status !== 404 ? `${head}\n${UNDER}${style.dim(block(trace.problem))}` : head
}

/** A run that went well has been seen in the line of its request. */
function isWorthALine({ status, trace, thrown }: RunRecord): boolean {
  const failed = status === 'error' || status === 'timeout' || thrown !== undefined || trace.problem !== undefined
  return failed || trace.events.some(({ decision }) => decision === undefined || decision.kind === 'deny')
}

function runText({ time, graphId, status, ms, trace, thrown }: RunRecord, style: Style): string {
  const paint = status === 'error' ? style.red : status === 'success' ? style.green : style.yellow
  const who = printable(trace.displayName ?? trace.identity ?? '-')
  // What it was allowed is for the one who looks for it, in --json.
  const refused = trace.events.filter(({ decision }) => decision === undefined || decision.kind === 'deny')
  const decisions = refused.map((event) => `${decisionText(event, style)}  `).join('')
  const head = `  ${style.dim(clock(time))}  run  ${printable(graphId)}  ${who}  ${paint(status)}  ${decisions}${style.dim(`${ms.toFixed(1)} ms`)}`
  const why = [trace.problem, ...(thrown === undefined ? [] : errorLines(thrown))].filter((line) => line !== undefined)
  if (why.length === 0) return head
  return `${head}\n${UNDER}${style.dim(block(withoutCredentials(why.join('\n'))))}`
}

function decisionText({ event, handler, decision, changes, hidden }: EventTrace, style: Style): string {
  const stamped = changes.length > 0 ? ` ${style.dim(`(changed ${printable(changes.join(', '))})`)}` : ''
  if (!decision) return `${event} ${style.red(`handler ${handler} failed`)}${stamped}`
  switch (decision.kind) {
    case 'deny':
      return `${event} -> ${style.red('deny')}: ${printable(decision.reason)}`
    case 'allow-all':
      return decision.reason.startsWith('UNPROTECTED')
        ? `${event} -> ${style.yellow('UNPROTECTED')}`
        : `${event} -> allow${stamped}`
    case 'only': {
      const kept = hiddenText(event, hidden)
      return `${event} -> filter ${printable(filterText(decision.filter))}${kept}${stamped}`
    }
  }
}

/** What the filter kept from the caller: a list says how many rows, one object whether it is there at all. */
function hiddenText(event: string, hidden: number | undefined): string {
  if (hidden === undefined) return ''
  if (event.endsWith(':search')) return hidden === 0 ? '' : `, ${hidden} hidden`
  return hidden === 0 ? ', absent' : `, no match: ${hidden} hidden`
}

/** Ids are long and alike: their beginning is enough to tell them apart in a terminal. */
function shortPath(path: string): string {
  return path.replaceAll(
    /([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4})/gi,
    '$1..$2',
  )
}

function clock(time: Date): string {
  return time.toTimeString().slice(0, 8)
}

/** Several lines, each of them under the line that they belong to. */
function block(text: string): string {
  return text.split('\n').map(printable).join(`\n${UNDER}`)
}
