import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { CHECKS } from '../isolation/checks/index.js'
import { jsonReporter } from '../isolation/reporters/json.js'
import { listChecks } from '../isolation/reporters/list.js'
import { progressLine } from '../isolation/reporters/progress.js'
import { textReporter } from '../isolation/reporters/text.js'
import { runSuite } from '../isolation/runner.js'
import { selectChecks } from '../isolation/select.js'
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

Exit codes: 0 isolated, 1 a leak, 2 wrong usage, 3 something could not be decided.`

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
    { description: 'See the checks', command: '<%= config.bin %> <%= command.id %> --list' },
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
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TestIsolation)
    const checks = selectChecks(CHECKS, { only: flags.only, skip: flags.skip })
    if (flags.list) {
      const rows = listChecks(checks)
      for (const { id, severity, actors, title } of rows) {
        this.log(`  ${id.padEnd(26)} ${severity.padEnd(9)} ${actors.join(' ').padEnd(12)} ${title}`)
      }
      return { checks: rows }
    }
    if (flags.url === undefined) throw new AuthkitError('usage', 'There is no --url.', { hint: URL_HINT })
    const target = parseTarget(flags.url)
    assertAgreed(target, flags.yes)
    const tokens = chooseTokens(target, { alice: flags['alice-token'], bob: flags['bob-token'] })

    const style = this.style()
    const text = textReporter({ colours: style, verbose: flags.verbose })
    const json = jsonReporter()
    const progress = this.progress()
    const interruption = new AbortController()
    const interrupt = () => {
      this.logToStderr('  interrupted, cleaning up')
      interruption.abort()
    }
    process.once('SIGINT', interrupt)
    try {
      const events = runSuite({
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
      for await (const event of events) {
        const block = text(event)
        json.add(event)
        progress.add(event)
        if (block !== '') {
          progress.clear()
          this.log(block.replace(/\n$/, ''))
        }
        if (event.kind === 'finished') process.exitCode = event.exitCode
      }
    } finally {
      progress.end()
      process.off('SIGINT', interrupt)
    }
    return json.report()
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
