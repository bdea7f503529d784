import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
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
    `Plays Alice, who owns data, Bob, who tries to reach it, and callers without a token or with an invented one, against
any LangGraph-compatible server. It plants random markers in Alice's data and looks for them in what the others get,
and reads her data again after every attack. Every refusal is paired with a positive control, so a server that refuses
everybody is not called isolated. It touches only what it created itself, runs no graph, and cleans up.

Exit codes: 0 isolated, 1 a leak, 2 wrong usage, 3 something could not be decided.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024',
    '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024 --only "store.*" --verbose',
    'AUTHKIT_ALICE_TOKEN=... AUTHKIT_BOB_TOKEN=... <%= config.bin %> <%= command.id %> --url https://agents.example.com --yes',
  ]

  static override enableJsonFlag = true

  static override flags = {
    url: Flags.string({ description: 'The server to test.', helpValue: 'URL' }),
    'alice-token': Flags.string({
      description: "Alice's token; on this machine user1-token when none is given. Prefer the environment variable.",
      env: 'AUTHKIT_ALICE_TOKEN',
      helpValue: 'TOKEN',
    }),
    'bob-token': Flags.string({
      description: "Bob's token; on this machine user2-token when none is given. Prefer the environment variable.",
      env: 'AUTHKIT_BOB_TOKEN',
      helpValue: 'TOKEN',
    }),
    only: Flags.string({
      description: 'Run only the checks whose id matches; * stands for anything.',
      multiple: true,
      helpValue: 'ID',
    }),
    skip: Flags.string({ description: 'Leave out the checks whose id matches.', multiple: true, helpValue: 'ID' }),
    list: Flags.boolean({ description: 'List the checks and end.', default: false }),
    verbose: Flags.boolean({ char: 'v', description: 'Print a line for every check.', default: false }),
    assistant: Flags.string({
      description: 'The graph that runs name; found by itself when not given.',
      helpValue: 'ID',
    }),
    concurrency: Flags.integer({ description: 'Checks at a time.', default: 8, min: 1, max: 64 }),
    timeout: Flags.integer({ description: 'Seconds to wait for an answer.', default: 10, min: 1, max: 300 }),
    seed: Flags.integer({ description: 'Repeat the order of an earlier run.', min: 1 }),
    keep: Flags.boolean({ description: 'Leave what was created on the server.', default: false }),
    yes: Flags.boolean({
      char: 'y',
      description: 'Agree to test a server that is not on this machine.',
      default: false,
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
