import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import type { InferredFlags } from '@oclif/core/interfaces'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { showProgress } from '../cli/progress.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { ANY_CHECKS } from '../isolation/any/checks/index.js'
import { openAny } from '../isolation/any/open.js'
import { runAny } from '../isolation/any/run-any.js'
import { runBothWays } from '../isolation/both.js'
import type { CheckInfo } from '../isolation/check.js'
import { CHECKS } from '../isolation/checks/index.js'
import type { IsolationEvent } from '../isolation/events.js'
import { about } from '../isolation/explain/about.js'
import { explainText } from '../isolation/explain/text.js'
import { agreeToDestroy, boundsOf, suiteOptionsOf } from '../isolation/given.js'
import { type ClearOptions, clearUp } from '../isolation/ledger/clear.js'
import { readJournal } from '../isolation/ledger/journal.js'
import { openOutputs } from '../isolation/outputs.js'
import { FAIL_ON } from '../isolation/policy/exit-code.js'
import { type OpenPolicy, openPolicy } from '../isolation/policy/open-policy.js'
import { withPolicy } from '../isolation/policy/policy.js'
import { jsonReport } from '../isolation/reporters/json.js'
import { listChecks, listText } from '../isolation/reporters/list.js'
import { ndjsonLine } from '../isolation/reporters/ndjson.js'
import { progressLine } from '../isolation/reporters/progress.js'
import { textReporter } from '../isolation/reporters/text.js'
import { newRunId, runSuite } from '../isolation/runner.js'
import { checkNamed, type Selection, selectChecks } from '../isolation/select.js'
import { SEVERITIES } from '../isolation/severity.js'
import { assertAgreed, chooseTokens, type GivenTokens, isLoopback, parseTarget } from '../isolation/target.js'
import { openLogins } from '../login/logins.js'
import { tokensOfFlags } from '../login/tokens-of-flags.js'

/** What the mode for any API has no use for. */
const SUITE_ONLY = ['both', 'keep', 'assistant', 'seed', 'cleanup', 'ledger']

type IsolationFlags = InferredFlags<typeof TestIsolation.flags>

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
      description: 'As two people who are signed in with authkit login',
      command: '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:2024 --alice @alice --bob @bob',
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
    {
      description: 'Any HTTP API, with what was recorded in a browser',
      command:
        '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:3000 --har alice.har --config authkit-any.json',
    },
    { description: 'See the checks', command: '<%= config.bin %> <%= command.id %> --list' },
    { description: 'Read about one', command: '<%= config.bin %> <%= command.id %> --explain thread.read' },
  ]

  static override enableJsonFlag = true

  static override flags = {
    url: Flags.string({ helpGroup: 'TARGET', helpValue: 'URL', description: 'the server to test' }),
    alice: Flags.string({
      helpGroup: 'TARGET',
      helpValue: '@PROFILE',
      description: 'who owns the data: somebody who is signed in with authkit login, such as @alice',
    }),
    bob: Flags.string({
      helpGroup: 'TARGET',
      helpValue: '@PROFILE',
      description: 'who tries to reach it, such as @bob',
    }),
    carol: Flags.string({ helpGroup: 'TARGET', helpValue: '@PROFILE', description: 'a third user, such as @carol' }),
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
    'carol-token': Flags.string({
      env: 'AUTHKIT_CAROL_TOKEN',
      helpGroup: 'TARGET',
      helpValue: 'TOKEN',
      description: 'a third user, for checks that need one; best one whose name begins like that of Alice',
    }),
    'alice-id': Flags.string({
      helpGroup: 'TARGET',
      helpValue: 'ID',
      description: 'who Alice is to the server, where it does not show that',
    }),
    'bob-id': Flags.string({ helpGroup: 'TARGET', helpValue: 'ID', description: 'who Bob is to the server' }),
    'carol-id': Flags.string({ helpGroup: 'TARGET', helpValue: 'ID', description: 'who Carol is to the server' }),
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
    ca: Flags.string({
      helpGroup: 'TARGET',
      helpValue: 'FILE',
      description: 'a certificate authority to trust, as PEM; a bad certificate is always refused',
    }),
    both: Flags.boolean({
      default: false,
      helpGroup: 'CHECKS',
      description: 'run everything again with Alice and Bob exchanged',
    }),
    har: Flags.string({
      exclusive: SUITE_ONLY,
      helpGroup: 'ANY HTTP API',
      helpValue: 'FILE',
      description: 'requests of Alice, recorded in a browser or a proxy: tests that API instead of a LangGraph server',
    }),
    'har-bob': Flags.string({
      helpGroup: 'ANY HTTP API',
      helpValue: 'FILE',
      dependsOn: ['har'],
      description: "Bob's own requests, recorded the same way",
    }),
    openapi: Flags.string({
      exclusive: SUITE_ONLY,
      helpGroup: 'ANY HTTP API',
      helpValue: 'FILE',
      description: 'the description of the API, OpenAPI 3 as JSON or YAML; alone or with --har',
    }),
    as: Flags.string({
      helpGroup: 'ANY HTTP API',
      helpValue: 'FILE',
      dependsOn: ['openapi'],
      description: 'the ids of Alice and Bob for the parameters of --openapi',
    }),
    config: Flags.string({
      helpGroup: 'ANY HTTP API',
      helpValue: 'FILE',
      description: 'who carries which credential in which header, what is shared on purpose; see docs/any-api.md',
    }),
    'allow-writes': Flags.boolean({
      default: false,
      helpGroup: 'ANY HTTP API',
      description: 'also try to change and delete, only what the run has created for it',
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
    timing: Flags.boolean({
      default: false,
      helpGroup: 'CHECKS',
      description: 'measure whether answers take longer for ids that exist',
    }),
    'run-graphs': Flags.boolean({
      default: false,
      helpGroup: 'CHECKS',
      description: 'let graphs run, instead of stopping them before their first node: costs what your agent costs',
    }),
    'agent-memory': Flags.boolean({
      default: false,
      helpGroup: 'CHECKS',
      description: "run the agent to see whether it hands out another user's memory; implies --run-graphs",
    }),
    input: Flags.string({
      helpGroup: 'CHECKS',
      helpValue: 'JSON',
      description: 'the input of runs, where the graph takes no messages; <canary> stands for the marker',
    }),
    destructive: Flags.boolean({
      default: false,
      helpGroup: 'CHECKS',
      description:
        'also try what would wipe the data of everybody; only on this machine, and only if you name the host',
    }),
    'yes-destroy-all-data-on': Flags.string({
      helpGroup: 'CHECKS',
      helpValue: 'HOST',
      description: 'name the host for --destructive without being asked, such as 127.0.0.1:2024',
    }),
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
    'run-timeout': Flags.integer({
      default: 30,
      min: 1,
      max: 3600,
      helpGroup: 'CHECKS',
      description: 'seconds to wait for a run',
    }),
    'max-time': Flags.integer({
      min: 1,
      helpGroup: 'CHECKS',
      description: 'end after so many seconds with what is known; the rest is inconclusive',
    }),
    rate: Flags.string({
      helpGroup: 'CHECKS',
      helpValue: 'N/s',
      description: 'the most requests a second, such as 20/s',
    }),
    ledger: Flags.string({
      helpGroup: 'CLEANING UP',
      helpValue: 'FILE',
      description: 'where to note what is created, while it lasts (default: .authkit/isolation-<run>.jsonl)',
    }),
    cleanup: Flags.string({
      helpGroup: 'CLEANING UP',
      helpValue: 'FILE',
      description: 'remove what an earlier run left behind, by its ledger, and do nothing else',
    }),
    keep: Flags.boolean({
      default: false,
      helpGroup: 'CLEANING UP',
      description: 'leave what was created on the server',
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
    const any = flags.har !== undefined || flags.openapi !== undefined
    const selection = { only: flags.only, skip: flags.skip }
    if (flags.list) return this.list(any ? selectChecks(ANY_CHECKS, selection) : selectChecks(CHECKS, selection))
    if (any) return this.testAny(flags, selection)

    const checks = selectChecks(CHECKS, selection)
    const journal = flags.cleanup === undefined ? undefined : readJournal(flags.cleanup)
    const url = flags.url ?? journal?.target
    if (url === undefined) throw new AuthkitError('usage', 'There is no --url.', { hint: URL_HINT })
    const target = parseTarget(url)
    assertAgreed(target, flags.yes)
    const tokens = chooseTokens(target, await this.tokens(flags))
    if (journal) return this.clear({ target, tokens, journal, ca: boundsOf(flags).transport.ca })
    const ask = this.interactive() ? askPerson : undefined
    if (flags.destructive) await agreeToDestroy(target, flags['yes-destroy-all-data-on'], ask)
    if (!isLoopback(target)) this.warnOfTarget(target, checks.length)

    const runId = newRunId()
    const ledgerFile = flags.ledger ?? join('.authkit', `isolation-${runId}.jsonl`)
    const options = { ...suiteOptionsOf(flags), target, tokens, checks, runId, ledgerFile }
    const suite = flags.both ? runBothWays : runSuite
    return this.play(flags, CHECKS, (signal) => suite({ ...options, signal }))
  }

  /** The tokens that were given, those of profiles among them. */
  private async tokens(flags: IsolationFlags): Promise<GivenTokens> {
    return tokensOfFlags(['alice', 'bob', 'carol'], flags, { logins: openLogins(), say: (text) => this.notice(text) })
  }

  /** The mode for any HTTP API, by what was recorded or described. */
  private async testAny(flags: IsolationFlags, selection: Selection): Promise<unknown> {
    const { alice, bob } = await this.tokens(flags)
    const opened = openAny({
      ...flags,
      harBob: flags['har-bob'],
      tokens: { alice, bob },
      env: process.env,
    })
    assertAgreed(opened.target, flags.yes)
    const checks = selectChecks(ANY_CHECKS, selection)
    const options = { ...boundsOf(flags), ...opened, checks, allowWrites: flags['allow-writes'] }
    return this.play(flags, ANY_CHECKS, (signal) => runAny({ ...options, signal }))
  }

  /** Shows what a run tells, until its end; Ctrl-C ends it early. Files are taken before anything is sent. */
  private async play(
    flags: IsolationFlags,
    catalogue: readonly CheckInfo[],
    start: (signal: AbortSignal) => AsyncIterable<IsolationEvent>,
  ): Promise<unknown> {
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
      ids: catalogue.map(({ id }) => id),
    })
    const { version } = this.config
    const outputs = await openOutputs(
      { junit: flags.junit, sarif: flags.sarif, html: flags.html, markdown: flags.markdown },
      { version, authFile: flags['auth-file'] ?? authFileHere(), openIsError: flags['fail-on'] !== 'leak' },
    )
    const text = flags.ndjson ? ndjsonLine : textReporter({ colours: this.style(), verbose: flags.verbose })
    const line = progressLine()
    const progress = showProgress(line.text, { silent: this.jsonEnabled() })
    const interruption = new AbortController()
    const interrupt = () => {
      this.logToStderr('  interrupted, cleaning up')
      interruption.abort()
    }
    process.once('SIGINT', interrupt)
    const events: IsolationEvent[] = []
    try {
      for await (const event of withPolicy(start(interruption.signal), policy.policy)) {
        events.push(event)
        const block = text(event)
        line.add(event)
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

  private list(checks: readonly CheckInfo[]): unknown {
    const rows = listChecks(checks)
    this.log(listText(rows))
    return { checks: rows }
  }

  private explain(id: string): unknown {
    const check = checkNamed([...CHECKS, ...ANY_CHECKS], id)
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

  /** `--cleanup`: the exit code is 1 where something is left. */
  private async clear(options: ClearOptions): Promise<unknown> {
    const { removed, left } = await clearUp(options)
    this.log(`  ${removed} removed, ${left.length} left`)
    for (const { curl } of left) this.log(`        ${curl}`)
    if (left.length > 0) process.exitCode = 1
    else options.journal.remove()
    return { removed, left }
  }

  private warnOfTarget(target: URL, checks: number): void {
    const requests = checks * REQUESTS_PER_CHECK
    this.logToStderr(
      `  ${target.host} is not this machine: Alice and Bob will create and delete objects there, in about ${requests} requests`,
    )
  }
}

/** About how many requests a check takes, with its fixtures and controls. */
const REQUESTS_PER_CHECK = 20

const URL_HINT = 'Give the address of the server, such as --url http://127.0.0.1:2024.'

/** Where `authkit init` puts the rules, if they are there. */
function authFileHere(): string | undefined {
  return existsSync('auth.ts') ? 'auth.ts' : undefined
}

async function askPerson(question: string): Promise<string | undefined> {
  const { text } = await import('@clack/prompts')
  const answer = await text({ message: question })
  return typeof answer === 'string' ? answer : undefined
}
