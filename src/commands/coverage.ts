import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import type { Style } from '../cli/style.js'
import { openLogins } from '../login/logins.js'
import { tokensOfFlags } from '../login/tokens-of-flags.js'
import type { CoverageReport, EventCoverage } from '../testing/coverage.js'

export default class Coverage extends BaseCommand {
  static override summary = 'Show which events of auth.ts have a handler, and which of them the isolation suite tests.'

  static override description =
    paragraphs`Serves the project in this process, without a port and with a database in memory, plays the isolation suite against
it, and writes down which handlers the attacks met and what these decided. An event counts as tested when the request
of an attack asked it; planting and controls do not count.

An event is covered when it has a handler and was tested. Whether anything leaked is not the question here: that is what
\`authkit test-isolation\` answers.

Exit codes: 0 measured, 1 below --min or an event without a handler under --fail-on-unprotected, 2 wrong usage, 3 the
suite could not begin.`

  static override examples = [
    { description: 'The project in this folder', command: '<%= config.bin %> <%= command.id %>' },
    {
      description: 'In CI: every event has a handler, and nine of ten are tested',
      command: '<%= config.bin %> <%= command.id %> --fail-on-unprotected --min 90',
    },
    {
      description: 'The events that nothing tested',
      command: `<%= config.bin %> <%= command.id %> --json | jq '.events[] | select(.untested) | .event'`,
    },
  ]

  static override enableJsonFlag = true

  static override args = {
    dir: Args.string({ ignoreStdin: true, default: '.', description: 'the folder of the project' }),
  }

  static override flags = {
    config: Flags.string({ char: 'c', helpGroup: 'PROJECT', description: 'langgraph.json under another name or path' }),
    alice: Flags.string({
      helpGroup: 'PROJECT',
      helpValue: '@PROFILE',
      description: 'who owns the data: somebody who is signed in with authkit login, such as @alice',
    }),
    bob: Flags.string({
      helpGroup: 'PROJECT',
      helpValue: '@PROFILE',
      description: 'who tries to reach it, such as @bob',
    }),
    'alice-token': Flags.string({
      env: 'AUTHKIT_ALICE_TOKEN',
      helpGroup: 'PROJECT',
      helpValue: 'TOKEN',
      description: 'who owns the data (default: the first of placeholderTokens)',
    }),
    'bob-token': Flags.string({
      env: 'AUTHKIT_BOB_TOKEN',
      helpGroup: 'PROJECT',
      helpValue: 'TOKEN',
      description: 'who tries to reach it (default: the second)',
    }),
    min: Flags.integer({
      min: 0,
      max: 100,
      helpGroup: 'LIMITS',
      helpValue: 'PERCENT',
      description: 'exit with 1 where fewer events are covered',
    }),
    'fail-on-unprotected': Flags.boolean({
      default: false,
      helpGroup: 'LIMITS',
      description: 'exit with 1 where an event has no handler',
    }),
  }

  async run(): Promise<CoverageReport> {
    const { args, flags } = await this.parse(Coverage)
    const [{ openTestServer }, { measureCoverage }] = await Promise.all([
      import('../testing/open-test-server.js'),
      import('../testing/coverage.js'),
    ])
    const tokens = await tokensOfFlags(['alice', 'bob'], flags, {
      logins: openLogins(),
      say: (text) => this.notice(text),
    })
    const server = await openTestServer(resolve(args.dir), {
      config: flags.config,
      authkitEntry: authkitEntry(),
      version: this.config.version,
    })
    let report: CoverageReport
    try {
      report = await measureCoverage(server, { tokens })
    } finally {
      await server.close()
    }
    const { events, handled } = report.summary
    const short = flags.min !== undefined && report.percent < flags.min
    const open = flags['fail-on-unprotected'] && handled < events
    process.exitCode = report.stopped ? 3 : short || open ? 1 : 0
    this.log(tableOf(report, this.style()))
    if (short) this.log(`  below --min ${flags.min}: ${report.percent} % of the events are covered`)
    if (open) this.log(`  --fail-on-unprotected: ${events - handled} events have no handler`)
    return report
  }
}

function tableOf(report: CoverageReport, style: Style): string {
  const { bold, dim, yellow } = style
  const { events, handled, tested } = report.summary
  const { stopped, leaks } = report
  const rows = report.events.map((row) => rowOf(row, style))
  return [
    `  ${bold('authkit coverage')}  ${report.auth}   ${handled} of ${events} events handled   ${tested} of ${events} tested`,
    '',
    dim(`  ${'event'.padEnd(24)}${'handler'.padEnd(24)}${'decided'.padEnd(30)}tested by`),
    ...rows,
    '',
    `  ${report.percent} % covered: a handler, and an attack that met it`,
    ...(stopped ? ['', `  ${yellow('the suite could not begin')}  ${stopped.message}`, `  ${stopped.advice}`] : []),
    ...(leaks > 0 ? ['', `  ${yellow(`${leaks} leaks`)}: run \`authkit test-isolation\` to see them`] : []),
    '',
  ].join('\n')
}

function rowOf({ event, handler, checks, leaks, decisions, untested }: EventCoverage, style: Style): string {
  const { red, yellow, green, dim } = style
  const decided = Object.entries(decisions).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []))
  const [first, ...others] = [...leaks, ...checks.filter((id) => !leaks.includes(id))]
  const more = others.length > 0 ? dim(` and ${others.length} more`) : ''
  const by =
    untested === null ? `${leaks.length > 0 ? red(`LEAK ${first}`) : green(String(first))}${more}` : yellow(untested)
  const key = (handler ?? 'none').padEnd(24)
  return `  ${event.padEnd(24)}${handler ? key : red(key)}${(decided.join('  ') || '-').padEnd(30)}${by}`
}

/** The module that `import "authkit"` means in dev: built beside this file, or the source itself. */
function authkitEntry(): string {
  const built = fileURLToPath(new URL('../authkit-in-dev.js', import.meta.url))
  return existsSync(built) ? built : fileURLToPath(new URL('../authkit-in-dev.ts', import.meta.url))
}
