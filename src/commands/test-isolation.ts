import { existsSync } from 'node:fs'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Check } from '../isolation/check.js'
import { CHECKS } from '../isolation/checks/index.js'
import type { IsolationEvent } from '../isolation/events.js'
import { about } from '../isolation/explain/about.js'
import { explainText } from '../isolation/explain/text.js'
import { openOutputs } from '../isolation/outputs.js'
import { FAIL_ON } from '../isolation/policy/exit-code.js'
import { type OpenPolicy, openPolicy } from '../isolation/policy/open-policy.js'
import { withPolicy } from '../isolation/policy/policy.js'
import { jsonReport } from '../isolation/reporters/json.js'
import { listChecks, listText } from '../isolation/reporters/list.js'
import { ndjsonLine } from '../isolation/reporters/ndjson.js'
import { progressLine } from '../isolation/reporters/progress.js'
import { textReporter } from '../isolation/reporters/text.js'
import { runSuite } from '../isolation/runner.js'
import { checkNamed, selectChecks } from '../isolation/select.js'
import { SEVERITIES } from '../isolation/severity.js'
import { assertAgreed, chooseTokens, parseTarget } from '../isolation/target.js'

const PROGRESS_AFTER_MS = 1000
const PROGRESS_EVERY_MS = 200

export default class TestIsolation extends BaseCommand {
  static override summary = 'Prove, or disprove, that the users of a server are isolated from each other.'

  static override description =
    paragraphs`Plays Alice, who owns data, Bob, who tries to reach it, and callers without a token or with an invented one, against
any LangGraph-compatible server. It plants random markers in Alice's data and looks for them in what the others get,
and reads her data again after every attack. Every refusal is paired with a positive control, so a server that refuses
everybody is not called isolated. It touches only what it created itself, runs no graph, and cleans up.

Exit codes: 0 isolated, 1 a leak that the baseline does not accept, 2 wrong usage, 3 something could not be decided.`

  static override examples = [
    { description: 'Test authkit dev', command: '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024' },
    {
      description: 'Only the store, one line a check',
      command: '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024 --only "store.*" --verbose',
    },
    {
      description: 'A server elsewhere, with real tokens from the environment',
      command:
        'AUTHKIT_ALICE_TOKEN=... AUTHKIT_BOB_TOKEN=... <%= config.bin %> <%= command.id %> --url https://agents.example.com --yes',
    },
    {
      description: 'In CI, with reports for the pipeline and for people',
      command:
        '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024 --junit isolation.xml --sarif isolation.sarif --html isolation.html',
    },
    { description: 'See the checks', command: '<%= config.bin %> <%= command.id %> --list' },
    { description: 'Read about one', command: '<%= config.bin %> <%= command.id %> --explain thread.read' },
  ]

  static override enableJsonFlag = true

  static override flags = {
    url: Flags.string({ helpGroup: 'TARGET', helpValue: 'URL', description: 'the server to test' }),
    'alice-token': Flags.string({
      env: 'AUTHKIT_ALICE_TOKEN',
      helpGroup: 'TARGET',
      helpValue: 'TOKEN',
      description:
        'who owns the data; prefer the variable, so that it stays out of the process list (on loopback: user1-token)',
    }),
    'bob-token': Flags.string({
      env: 'AUTHKIT_BOB_TOKEN',
      helpGroup: 'TARGET',
      helpValue: 'TOKEN',
      description: 'who tries to reach it (on loopback: user2-token)',
    }),
    assistant: Flags.string({
      helpGroup: 'TARGET',
      helpValue: 'ID',
      description: 'the graph that runs name (default: found by itself)',
    }),
    yes: Flags.boolean({
      char: 'y',
      default: false,
      helpGroup: 'TARGET',
      description: 'agree to test a server that is not on this machine',
    }),
    only: Flags.string({
      multiple: true,
      helpGroup: 'CHECKS',
      helpValue: 'ID',
      description: 'run only the checks whose id matches; * stands for anything',
    }),
    skip: Flags.string({
      multiple: true,
      helpGroup: 'CHECKS',
      helpValue: 'ID',
      description: 'leave out the checks whose id matches',
    }),
    list: Flags.boolean({ default: false, helpGroup: 'CHECKS', description: 'list the checks and do nothing' }),
    explain: Flags.string({
      helpGroup: 'CHECKS',
      helpValue: 'ID',
      description: 'say what a check tries, what an attacker gains and how to fix it, and do nothing',
    }),
    seed: Flags.integer({ min: 1, helpGroup: 'CHECKS', description: 'repeat the order of an earlier run' }),
    concurrency: Flags.integer({ default: 8, min: 1, max: 64, helpGroup: 'CHECKS', description: 'checks at a time' }),
    timeout: Flags.integer({
      default: 10,
      min: 1,
      max: 300,
      helpGroup: 'CHECKS',
      description: 'seconds to wait for an answer',
    }),
    keep: Flags.boolean({ default: false, helpGroup: 'CHECKS', description: 'leave what was created on the server' }),
    verbose: Flags.boolean({
      char: 'v',
      default: false,
      helpGroup: 'OUTPUT',
      description: 'print a line for every check',
    }),
    ndjson: Flags.boolean({
      default: false,
      exclusive: ['json'],
      helpGroup: 'OUTPUT',
      description: 'print one JSON object a line, as it happens',
    }),
    junit: Flags.string({ helpGroup: 'OUTPUT', helpValue: 'FILE', description: 'write a JUnit report' }),
    sarif: Flags.string({
      helpGroup: 'OUTPUT',
      helpValue: 'FILE',
      description: 'write a SARIF log, for code scanning',
    }),
    html: Flags.string({ helpGroup: 'OUTPUT', helpValue: 'FILE', description: 'write a page for people' }),
    markdown: Flags.string({
      helpGroup: 'OUTPUT',
      helpValue: 'FILE',
      description: 'write a comment for a pull request',
    }),
    'auth-file': Flags.string({
      helpGroup: 'OUTPUT',
      helpValue: 'FILE',
      description: 'the file that SARIF shows leaks in (default: auth.ts, where there is one)',
    }),
    baseline: Flags.string({
      helpGroup: 'POLICY',
      helpValue: 'FILE',
      description: 'leaks that are accepted for a while (default: authkit-isolation.json, where there is one)',
    }),
    'update-baseline': Flags.boolean({
      default: false,
      helpGroup: 'POLICY',
      description: 'write the leaks of this run into the baseline; each counts when you have given it a reason',
    }),
    intent: Flags.string({
      helpGroup: 'POLICY',
      helpValue: 'FILE',
      description: 'what is open on purpose; it is tested to be open',
    }),
    'fail-on': Flags.option({
      options: FAIL_ON,
      default: 'inconclusive',
      helpGroup: 'POLICY',
      description: 'what, besides leaks, is exit code 3',
    })(),
    'min-severity': Flags.option({
      options: SEVERITIES,
      default: 'info',
      helpGroup: 'POLICY',
      description: 'leaks below it are shown and fail nothing',
    })(),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TestIsolation)
    if (flags.explain !== undefined) return this.explain(flags.explain)
    const checks = selectChecks(CHECKS, { only: flags.only, skip: flags.skip })
    if (flags.list) return this.list(checks)
    if (flags.url === undefined) throw new AuthkitError('usage', 'There is no --url.', { hint: URL_HINT })
    const target = parseTarget(flags.url)
    assertAgreed(target, flags.yes)
    const tokens = chooseTokens(target, { alice: flags['alice-token'], bob: flags['bob-token'] })

    if (flags['update-baseline'] && !flags.yes && !this.interactive()) {
      throw new AuthkitError('usage', '--update-baseline writes only in a terminal.', {
        hint: 'Add --yes where no person can look at what it accepts.',
      })
    }

    const policy = await openPolicy({
      baseline: flags.baseline,
      updateBaseline: flags['update-baseline'],
      intent: flags.intent,
      failOn: flags['fail-on'],
      minSeverity: flags['min-severity'],
      ids: CHECKS.map(({ id }) => id),
    })
    const { version } = this.config
    const outputs = await openOutputs(
      { junit: flags.junit, sarif: flags.sarif, html: flags.html, markdown: flags.markdown },
      { version, authFile: flags['auth-file'] ?? authFileHere(), openIsError: flags['fail-on'] !== 'leak' },
    )
    const text = flags.ndjson
      ? (event: IsolationEvent) => ndjsonLine(event)
      : textReporter({ colours: this.style(), verbose: flags.verbose })
    const progress = this.progress()
    const interruption = new AbortController()
    const interrupt = () => {
      this.logToStderr('  interrupted, cleaning up')
      interruption.abort()
    }
    process.once('SIGINT', interrupt)
    const events: IsolationEvent[] = []
    try {
      const suite = runSuite({
        target,
        tokens,
        checks,
        seed: flags.seed,
        concurrency: flags.concurrency,
        timeoutMs: flags.timeout * 1000,
        agent: flags.assistant,
        keep: flags.keep,
        signal: interruption.signal,
      })
      for await (const event of withPolicy(suite, policy.policy)) {
        events.push(event)
        const block = text(event)
        progress.add(event)
        if (block !== '') {
          progress.clear()
          this.log(block.replace(/\n$/, ''))
        }
        if (event.kind === 'finished') process.exitCode = event.exitCode
      }
      await outputs.write(events)
      if (flags['update-baseline']) await this.updateBaseline(policy, events)
    } finally {
      progress.end()
      process.off('SIGINT', interrupt)
      await Promise.all([outputs.release(), policy.release()])
    }
    return jsonReport(events, { version })
  }

  private list(checks: readonly Check[]): unknown {
    const rows = listChecks(checks)
    this.log(listText(rows))
    return { checks: rows }
  }

  private explain(id: string): unknown {
    const check = checkNamed(CHECKS, id)
    this.log(explainText(check, this.style()))
    return about(check)
  }

  private async updateBaseline(policy: OpenPolicy, events: readonly IsolationEvent[]): Promise<void> {
    const results = events.flatMap((event) => (event.kind === 'checked' ? [event.result] : []))
    const unexplained = await policy.update(results)
    this.logToStderr(`  wrote ${policy.baselineFile}`)
    if (unexplained.length === 0) return
    this.logToStderr(`  ${unexplained.length} of its entries have no reason yet, and don't count before they have`)
  }

  /** One line on the terminal's stderr while it takes longer than a second; nothing anywhere else. */
  private progress() {
    const line = progressLine()
    const shows = process.stderr.isTTY === true && !this.jsonEnabled()
    const startedAt = Date.now()
    const clear = () => {
      if (shows) process.stderr.write('\r\u001b[K')
    }
    const draw = () => {
      if (Date.now() - startedAt > PROGRESS_AFTER_MS) process.stderr.write(`\r\u001b[K  ${line.text()}`)
    }
    const timer = shows ? setInterval(draw, PROGRESS_EVERY_MS) : undefined
    return {
      add: line.add,
      clear,
      end: () => {
        clearInterval(timer)
        clear()
      },
    }
  }
}

const URL_HINT = 'Give the address of the server, such as --url http://127.0.0.1:2024.'

/** Where `authkit init` puts the rules, if they are there. */
function authFileHere(): string | undefined {
  return existsSync('auth.ts') ? 'auth.ts' : undefined
}
