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
    jwks: Flags.string({
      helpGroup: 'CREDENTIALS',
      helpValue: 'URL',
      description: 'where the provider of JWTs publishes its keys (default: found by itself on this machine)',
    }),
    'expired-token': Flags.string({
      env: 'AUTHKIT_EXPIRED_TOKEN',
      helpGroup: 'CREDENTIALS',
      helpValue: 'TOKEN',
      description: 'a genuine JWT whose time is over',
    }),
    'other-audience-token': Flags.string({
      env: 'AUTHKIT_OTHER_AUDIENCE_TOKEN',
      helpGroup: 'CREDENTIALS',
      helpValue: 'TOKEN',
      description: 'a genuine JWT that was issued for another service, or an ID token',
    }),
    'deleted-user-token': Flags.string({
      env: 'AUTHKIT_DELETED_USER_TOKEN',
      helpGroup: 'CREDENTIALS',
      helpValue: 'TOKEN',
      description: 'the token of a user who has been deleted',
    }),
    'session-token': Flags.string({
      env: 'AUTHKIT_SESSION_TOKEN',
      helpGroup: 'CREDENTIALS',
      helpValue: 'TOKEN',
      description: "another session of Alice's, which the suite may end",
    }),
    'signout-url': Flags.string({
      helpGroup: 'CREDENTIALS',
      helpValue: 'PATH',
      description: 'where a POST ends that session (default: DELETE /auth/sessions/{id})',
    }),
    'revocable-token': Flags.string({
      env: 'AUTHKIT_REVOCABLE_TOKEN',
      helpGroup: 'CREDENTIALS',
      helpValue: 'TOKEN',
      description: 'a token that --revoke-cmd revokes',
      dependsOn: ['revoke-cmd'],
    }),
    'revoke-cmd': Flags.string({
      helpGroup: 'CREDENTIALS',
      helpValue: 'COMMAND',
      description: 'a shell command that revokes it, for servers whose keys are not revoked over HTTP',
      dependsOn: ['revocable-token'],
    }),
    'revocation-window': Flags.integer({
      default: 5,
      min: 0,
      max: 600,
      helpGroup: 'CREDENTIALS',
      description: 'seconds after which a revoked credential must be refused',
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
        forging: {
          jwks: flags.jwks,
          expired: flags['expired-token'],
          otherAudience: flags['other-audience-token'],
        },
        given: {
          'deleted-user': flags['deleted-user-token'],
          session: flags['session-token'],
          revocable: flags['revocable-token'],
        },
        settings: {
          signOutPath: flags['signout-url'],
          revokeCommand: flags['revoke-cmd'],
          revocationWindowMs: flags['revocation-window'] * 1000,
        },
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
