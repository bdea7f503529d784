import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { AuthkitError } from '../errors/authkit-error.js'
import { createCredentials, type Owner, type Tokens } from './actor.js'
import { createSecrets, lookalike, newCanary } from './canary.js'
import type { Check } from './check.js'
import { createClient } from './client.js'
import { diagnose } from './diagnosis.js'
import { type CheckResult, type IsolationEvent, NOT_REACHED, resultKey, type Summary } from './events.js'
import { createEvidenceMaker } from './evidence.js'
import { type Belongings, type Need, PlantFailure, plant } from './fixtures.js'
import { type ForgeOptions, forge } from './jwt/forgery.js'
import { type Cleanup, cleanUp, inParallel } from './ledger/cleanup.js'
import { openJournal } from './ledger/journal.js'
import { createLedger } from './ledger/ledger.js'
import { exitCodeOf } from './policy/exit-code.js'
import { preflight, type Stop } from './preflight.js'
import { createRedact, redactDeep } from './redact.js'
import { DEFAULT_SETTINGS, type GivenToken, type Settings, type Stage } from './stage.js'
import { isLoopback } from './target.js'
import { attackersOf, type Shared, sharedNeeds } from './trial/cast.js'
import { runTrial } from './trial/trial.js'
import type { Verdict } from './verdict.js'
import { throttled } from './wire/throttle.js'
import { createTransport, type Transport, type TransportOptions } from './wire/transport.js'

export interface SuiteOptions {
  readonly target: URL
  readonly tokens: Tokens
  readonly checks: readonly Check[]
  /** The name of the run; `newRunId()` where nothing is said. */
  readonly runId?: string | undefined
  /** Fixes the order of the checks; a random one when nothing is said. Canaries are fresh every time. */
  readonly seed?: number | undefined
  readonly concurrency?: number
  readonly timeoutMs?: number
  /** The graph or assistant that runs name. */
  readonly agent?: string | undefined
  /** Where the ledger is kept while the run lasts, and after it where something is left. In memory where nothing is said. */
  readonly ledgerFile?: string | undefined
  /** The most requests a second. */
  readonly perSecond?: number | undefined
  /** The run ends after so long, with what is known by then. */
  readonly maxTimeMs?: number | undefined
  /** Who the users are to the server, where it does not show that. */
  readonly identities?: Readonly<Partial<Record<Owner, string | undefined>>> | undefined
  /** Leaves everything on the server, for a look by hand. */
  readonly keep?: boolean
  /** What the JWT checks need besides the users' tokens. */
  readonly forging?: Pick<ForgeOptions, 'jwks' | 'expired' | 'otherAudience'>
  /** Tokens for checks that none of the actors' own would do for. */
  readonly given?: Partial<Record<GivenToken, string | undefined>>
  /** Ends the run early; what was created is removed all the same. */
  readonly signal?: AbortSignal | undefined
  /** How requests travel; over HTTP when nothing is said. */
  readonly transport?: TransportOptions | Transport
  readonly settings?: Partial<Settings>
}

/**
 * Plays the suite against a server and tells what happens while it happens: `started`, a `checked` for every check and
 * attacker, `finished`. Texts in the events hold no token.
 *
 * Throws `target_unreachable` when the name of the target doesn't resolve, and a `LedgerViolation` when a check tries
 * to touch what the run doesn't own.
 */
export async function* runSuite(options: SuiteOptions): AsyncGenerator<IsolationEvent> {
  const { target, checks, concurrency = 8, timeoutMs = 10_000, signal } = options
  const startedAt = performance.now()
  const run = {
    id: options.runId ?? newRunId(),
    seed: options.seed ?? randomInt(1, 100_000),
    target: shown(target),
    startedAt: new Date().toISOString(),
  }
  const forgery = await forge({ ...options.tokens, target, ...options.forging })
  const credentials = createCredentials({
    tokens: options.tokens,
    junk: lookalike(options.tokens.alice),
    ...(forgery ? { forged: forgery.tokens } : {}),
  })
  const given = new Set<GivenToken>()
  for (const name of ['deleted-user', 'session', 'revocable'] as const) {
    const token = options.given?.[name]
    if (token === undefined) continue
    credentials.adopt(name, token)
    given.add(name)
  }
  const redact = createRedact(credentials)
  const clean = <T extends IsolationEvent>(event: T): T => redactDeep(event, redact)

  const secrets = createSecrets()
  const agents: string[] = []
  const users: string[] = []
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  const { ledgerFile } = options
  const journal = ledgerFile
    ? openJournal(ledgerFile, { runId: run.id, target: run.target, startedAt: run.startedAt })
    : undefined
  const ledger = createLedger({
    agents: () => agents,
    users: () => users,
    destructive: settings.optIns.has('destructive') && isLoopback(target),
    write: journal?.write,
  })
  const evidence = createEvidenceMaker({ target, credentials })
  const transport = throttled(await transportOf(target, options.transport), options.perSecond)
  const abort = new AbortController()
  const deadline = options.maxTimeMs === undefined ? undefined : AbortSignal.timeout(options.maxTimeMs)
  const stopped = AbortSignal.any([abort.signal, ...(signal ? [signal] : []), ...(deadline ? [deadline] : [])])
  // Every request that waits to be tried again listens to it.
  setMaxListeners(0, stopped)
  const connect = (until: AbortSignal | undefined) =>
    createClient({
      transport,
      credentials,
      ledger,
      secrets,
      userAgent: `authkit-isolation (+${run.id})`,
      timeoutMs,
      signal: until,
    })
  const client = connect(stopped)
  // Cleaning up goes on after an interruption.
  const cleaner = connect(undefined)

  const results: CheckResult[] = []
  let stop: Stop | undefined
  let interrupted = false
  let cleanup: Cleanup | undefined
  try {
    const found = await preflight({
      client,
      ledger,
      evidence,
      runId: run.id,
      redact,
      owners: credentials.owners,
      agent: options.agent,
      identities: options.identities ?? {},
      allowAgent: (agent) => agents.push(agent),
    })
    const total = checks.reduce((sum, check) => sum + attackersOf(check, credentials.owners).length, 0)
    const { server, identities = {} } = 'learnt' in found ? found.learnt : { server: undefined }
    yield clean({ kind: 'started', run: { ...run, server, identities }, total })
    users.push(...Object.values(identities))
    if ('stop' in found) {
      stop = redactDeep(found.stop, redact)
    } else {
      const stage: Stage = {
        runId: run.id,
        client,
        secrets,
        ledger,
        evidence,
        learnt: found.learnt,
        target,
        adopt: credentials.adopt,
        given,
        credential: credentials.form,
        jwt: forgery,
        settings,
        owners: credentials.owners,
        victims: [],
        leaked: new Set(),
      }
      for await (const result of play(stage, shuffled(checks, run.seed), concurrency)) {
        results.push(result)
        yield clean({ kind: 'checked', result })
      }
    }
  } catch (error) {
    if (!signal?.aborted && !deadline?.aborted) throw error
    interrupted = signal?.aborted === true
  } finally {
    abort.abort()
    await client.idle()
    if (!options.keep) cleanup = await cleanUp({ client: cleaner, ledger, evidence }, concurrency)
    if (cleanup?.left.length === 0) journal?.remove()
    transport.close()
    forgery?.close()
  }
  if (deadline?.aborted && !interrupted) {
    for (const result of notReached(checks, results, credentials.owners)) {
      results.push(result)
      yield clean({ kind: 'checked', result })
    }
  }
  const summary = summarise(results, stop)
  yield clean({
    kind: 'finished',
    summary,
    causes: diagnose({ results, stop }),
    stop,
    interrupted,
    cleanup,
    ledgers: journal && cleanup?.left.length !== 0 ? [journal.file] : [],
    requests: client.sent() + cleaner.sent(),
    ms: Math.round(performance.now() - startedAt),
    exitCode: exitCodeOf({ summary, stop, interrupted }),
  })
}

/** A short random name. Everything that the run creates carries it in `metadata.authkit_isolation`. */
export function newRunId(): string {
  return newCanary().slice(0, 9)
}

export function summarise(results: readonly CheckResult[], stop: Stop | undefined): Summary {
  const summary = { isolated: 0, leak: 0, accepted: 0, inconclusive: 0, skipped: 0 }
  for (const { verdict } of results) summary[verdict.kind]++
  if (stop && stop.evidence.length > 0) summary.leak++
  return summary
}

/** What the time did not suffice for. */
function notReached(
  checks: readonly Check[],
  results: readonly CheckResult[],
  owners: readonly Owner[],
): CheckResult[] {
  const done = new Set(results.map(resultKey))
  const all = checks.flatMap((check) =>
    attackersOf(check, owners).map((actor): CheckResult => {
      const verdict: Verdict = { kind: 'inconclusive', reason: NOT_REACHED }
      return { check, actor, verdict, requests: [], controls: { alice: 'not tried', bob: 'not tried' } }
    }),
  )
  return all.filter((result) => !done.has(resultKey(result)))
}

export async function transportOf(target: URL, given: SuiteOptions['transport']): Promise<Transport> {
  if (given && 'send' in given) return given
  return createTransport(target, given).catch((cause: unknown) => {
    throw new AuthkitError('target_unreachable', `${target.hostname} is no known host.`, { cause })
  })
}

export function shown(target: URL): string {
  return target.origin + target.pathname.replace(/\/$/, '')
}

/** Plants what is shared, then plays all checks, so many at a time, and at the end those that look at what is left. */
async function* play(stage: Stage, checks: readonly Check[], concurrency: number): AsyncGenerator<CheckResult> {
  const shared = plantShared(stage, sharedNeeds(checks))
  const together = checks.filter(({ when }) => when === undefined)
  const waiting = together.filter(({ waits }) => waits)
  const others = together.filter(({ waits }) => !waits)
  yield* asTheyCome([...waiting, ...others], concurrency, (check) => runTrial(check, stage, shared))
  for (const phase of ['alone', 'last'] as const) {
    for (const check of checks.filter(({ when }) => when === phase)) yield* await runTrial(check, stage, shared)
  }
}

/** Each kind by itself, so that a server without assistants still has its threads tested. */
function plantShared(stage: Stage, needs: readonly Need[]): (need: Need) => Promise<Shared> {
  const one = (owner: Owner, need: Need): Promise<Belongings | PlantFailure> =>
    plant(stage, owner, [need], undefined).catch((error: unknown) => {
      if (error instanceof PlantFailure) return error
      throw error
    })
  const planted = new Map(
    needs.map((need) => {
      const each = Promise.all(stage.owners.map(async (owner) => [owner, await one(owner, need)] as const)).then(
        (planted): Shared => Object.fromEntries(planted),
      )
      // Whoever needs it meets the error; a check that doesn't must not be ended by it.
      each.catch(() => undefined)
      return [need, each] as const
    }),
  )
  return async (need) => {
    const found = await planted.get(need)
    if (!found) throw new Error(`No shared ${need} was planted.`)
    return found
  }
}

/** Works on so many items at a time and passes the results on as they come. The first error ends it. */
export async function* asTheyCome<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<readonly R[]>,
): AsyncGenerator<R> {
  const ready: R[] = []
  let wake = () => {}
  let over = false
  const all = inParallel(items, concurrency, async (item) => {
    ready.push(...(await work(item)))
    wake()
  }).finally(() => {
    over = true
    wake()
  })
  all.catch(() => undefined)
  while (true) {
    const next = ready.shift()
    if (next !== undefined) yield next
    else if (over) break
    else await new Promise<void>((resolve) => (wake = resolve))
  }
  await all
}

/** The same order for the same seed (mulberry32). */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
