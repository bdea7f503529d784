import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { ANY_CHECKS } from '../isolation/any/checks/index.js'
import { openAny } from '../isolation/any/open.js'
import { runAny } from '../isolation/any/run-any.js'
import { runBothWays } from '../isolation/both.js'
import type { CheckInfo } from '../isolation/check.js'
import { CHECKS } from '../isolation/checks/index.js'
import { type ClearOptions, clearUp } from '../isolation/clear.js'
import type { IsolationEvent } from '../isolation/events.js'
import { readJournal } from '../isolation/journal.js'
import { jsonReporter } from '../isolation/reporters/json.js'
import { listChecks } from '../isolation/reporters/list.js'
import { progressLine } from '../isolation/reporters/progress.js'
import { textReporter } from '../isolation/reporters/text.js'
import { newRunId, runSuite } from '../isolation/runner.js'
import { selectChecks } from '../isolation/select.js'
import { DEFAULT_SETTINGS, OPT_INS, type Settings } from '../isolation/stage.js'
import { assertAgreed, chooseTokens, isLoopback, parseTarget } from '../isolation/target.js'

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
    {
      description: 'Any HTTP API, with what was recorded in a browser',
      command:
        '<%= config.bin %> <%= command.id %> --url http://127.0.0.1:3000 --har alice.har --config authkit-any.json',
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
    verbose: Flags.boolean({
      char: 'v',
      default: false,
      helpGroup: 'OUTPUT',
      description: 'print a line for every check',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TestIsolation)
    const selection = { only: flags.only, skip: flags.skip }
    if (flags.har !== undefined || flags.openapi !== undefined) {
      const anyChecks = selectChecks(ANY_CHECKS, selection)
      if (flags.list) return this.list(anyChecks)
      const { target, input, credentials } = openAny({
        ...flags,
        harBob: flags['har-bob'],
        tokens: { alice: flags['alice-token'], bob: flags['bob-token'] },
        env: process.env,
      })
      assertAgreed(target, flags.yes)
      return this.play(flags.verbose, (signal) =>
        runAny({
          target,
          input,
          credentials,
          signal,
          checks: anyChecks,
          allowWrites: flags['allow-writes'],
          concurrency: flags.concurrency,
          perSecond: rateOf(flags.rate),
          timeoutMs: flags.timeout * 1000,
          maxTimeMs: flags['max-time'] === undefined ? undefined : flags['max-time'] * 1000,
          transport: { ca: caOf(flags.ca) },
        }),
      )
    }
    const checks = selectChecks(CHECKS, selection)
    if (flags.list) return this.list(checks)
    const journal = flags.cleanup === undefined ? undefined : readJournal(flags.cleanup)
    const url = flags.url ?? journal?.target
    if (url === undefined) throw new AuthkitError('usage', 'There is no --url.', { hint: URL_HINT })
    const target = parseTarget(url)
    assertAgreed(target, flags.yes)
    const tokens = chooseTokens(target, {
      alice: flags['alice-token'],
      bob: flags['bob-token'],
      carol: flags['carol-token'],
    })
    if (journal) return this.clear({ target, tokens, journal })
    if (flags.destructive) await this.agreeToDestroy(target, flags['yes-destroy-all-data-on'])
    if (!isLoopback(target)) this.warnOfTarget(target, checks.length)

    const runId = newRunId()
    const suite = flags.both ? runBothWays : runSuite
    return this.play(flags.verbose, (signal) =>
      suite({
        target,
        tokens,
        checks,
        runId,
        seed: flags.seed,
        concurrency: flags.concurrency,
        perSecond: rateOf(flags.rate),
        timeoutMs: flags.timeout * 1000,
        maxTimeMs: flags['max-time'] === undefined ? undefined : flags['max-time'] * 1000,
        agent: flags.assistant,
        identities: { alice: flags['alice-id'], bob: flags['bob-id'], carol: flags['carol-id'] },
        keep: flags.keep,
        ledgerFile: flags.ledger ?? join('.authkit', `isolation-${runId}.jsonl`),
        signal,
        transport: { ca: caOf(flags.ca) },
        settings: settingsOf(flags),
      }),
    )
  }

  private list(checks: readonly CheckInfo[]): unknown {
    const rows = listChecks(checks)
    for (const { id, severity, actors, title } of rows) {
      this.log(`  ${id.padEnd(26)} ${severity.padEnd(9)} ${actors.join(' ').padEnd(12)} ${title}`)
    }
    return { checks: rows }
  }

  /** Prints what a run tells, until its end; Ctrl-C ends it early. */
  private async play(
    verbose: boolean,
    start: (signal: AbortSignal) => AsyncIterable<IsolationEvent>,
  ): Promise<unknown> {
    const style = this.style()
    const text = textReporter({ colours: style, verbose })
    const json = jsonReporter()
    const progress = this.progress()
    const interruption = new AbortController()
    const interrupt = () => {
      this.logToStderr('  interrupted, cleaning up')
      interruption.abort()
    }
    process.once('SIGINT', interrupt)
    try {
      for await (const event of start(interruption.signal)) {
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

  /** `--cleanup`: the exit code is 1 where something is left. */
  private async clear(options: ClearOptions): Promise<unknown> {
    const { removed, left } = await clearUp(options)
    this.log(`  ${removed} removed, ${left.length} left`)
    for (const { curl } of left) this.log(`        ${curl}`)
    if (left.length > 0) process.exitCode = 1
    else options.journal.remove()
    return { removed, left }
  }

  private async agreeToDestroy(target: URL, named: string | undefined): Promise<void> {
    if (!isLoopback(target)) {
      throw new AuthkitError('target_refused', `--destructive is refused for ${target.host}.`, {
        hint: 'It is only for a server on this machine, started for this test.',
      })
    }
    const answer = named ?? (this.interactive() ? await this.askForHost(target) : undefined)
    if (answer === target.host) return
    throw new AuthkitError('usage', '--destructive needs the name of the host whose data may be destroyed.', {
      hint: `If nothing on it is worth keeping: --yes-destroy-all-data-on ${target.host}`,
    })
  }

  private async askForHost(target: URL): Promise<string | undefined> {
    const { text } = await import('@clack/prompts')
    const answer = await text({ message: `All data on ${target.host} may be destroyed. Type its name to go on:` })
    return typeof answer === 'string' ? answer.trim() : undefined
  }

  private warnOfTarget(target: URL, checks: number): void {
    const requests = checks * REQUESTS_PER_CHECK
    this.logToStderr(
      `  ${target.host} is not this machine: Alice and Bob will create and delete objects there, in about ${requests} requests`,
    )
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

/** About how many requests a check takes, with its fixtures and controls. */
const REQUESTS_PER_CHECK = 20

function rateOf(rate: string | undefined): number | undefined {
  if (rate === undefined) return undefined
  const perSecond = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(rate)?.[1])
  if (perSecond > 0) return perSecond
  throw new AuthkitError('usage', `--rate ${rate} is no number of requests a second.`, { hint: 'Such as --rate 20/s.' })
}

function caOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AuthkitError('usage', `The certificate authority ${file} cannot be read.`, {
      cause,
      hint: 'Give a file with PEM certificates.',
    })
  }
}

interface SettingsFlags {
  readonly timing: boolean
  readonly 'agent-memory': boolean
  readonly destructive: boolean
  readonly 'run-graphs': boolean
  readonly 'run-timeout': number
  readonly input?: string | undefined
}

function settingsOf(flags: SettingsFlags): Settings {
  const { input = DEFAULT_SETTINGS.input } = flags
  assertInput(input)
  return {
    optIns: new Set(OPT_INS.filter((name) => flags[name])),
    runGraphs: flags['run-graphs'] || flags['agent-memory'],
    input,
    runTimeoutMs: flags['run-timeout'] * 1000,
  }
}

function assertInput(input: string): void {
  try {
    if (input.includes('<canary>') && typeof JSON.parse(input) === 'object') return
  } catch {
    // Said below.
  }
  throw new AuthkitError('usage', '--input is no JSON object with <canary> in it.', {
    hint: `Such as --input '{"question":"<canary>"}'.`,
  })
}

const URL_HINT = 'Give the address of the server, such as --url http://127.0.0.1:2024.'
