import { randomInt } from 'node:crypto'
import { type Credentials, createCredentials, type Tokens, WHO } from '../actor.js'
import { lookalike } from '../canary.js'
import { createClient } from '../client.js'
import type { CheckResult, IsolationEvent } from '../events.js'
import { createEvidenceMaker, type Evidence } from '../evidence.js'
import type { Cleanup } from '../ledger/cleanup.js'
import { exitCodeOf } from '../policy/exit-code.js'
import type { Stop } from '../preflight.js'
import { type Probe, succeeded } from '../probe.js'
import { createRedact, redactDeep } from '../redact.js'
import { asTheyCome, newRunId, type SuiteOptions, shown, summarise, transportOf } from '../runner.js'
import { throttled } from '../wire/throttle.js'
import type { AnyCheck, Bench, Trial } from './any-check.js'
import { matchesRoute } from './config.js'
import { unmake } from './creation.js'
import { alsoSecret } from './credentials.js'
import { harvest } from './harvest.js'
import type { Input } from './input.js'
import { createPool } from './pool.js'
import { endsSomething, isSafe } from './request.js'
import { playTrial } from './trial.js'
import { createWriteGuard } from './write-guard.js'

export interface AnyOptions
  extends Pick<
    SuiteOptions,
    'target' | 'concurrency' | 'timeoutMs' | 'signal' | 'transport' | 'perSecond' | 'maxTimeMs'
  > {
  readonly checks: readonly AnyCheck[]
  readonly input: Input
  /** One token each, or the headers of a config. */
  readonly credentials: Tokens | Credentials
  /** Alice and Bob may create, change and delete what the recording, or the specification, creates. */
  readonly allowWrites?: boolean
}

/** So many trials stand or fall with one control of Bob's. */
const CONTROL_EVERY = 25

/**
 * Tests any HTTP API with what was recorded or described, and tells what happens while it happens, in the same events as
 * the suite for LangGraph servers. The subject of a result is its route.
 *
 * Throws `target_unreachable` when the name of the target doesn't resolve.
 */
export async function* runAny(options: AnyOptions): AsyncGenerator<IsolationEvent> {
  const { target, checks, input, concurrency = 8, timeoutMs = 10_000, signal, allowWrites = false } = options
  const startedAt = performance.now()
  const run = {
    id: newRunId(),
    seed: randomInt(1, 100_000),
    target: shown(target),
    startedAt: new Date().toISOString(),
    server: undefined,
    identities: {},
    notes: input.notes,
  }
  const given = options.credentials
  const own = 'headers' in given ? given : createCredentials({ tokens: given, junk: lookalike(given.alice) })
  const credentials = alsoSecret(own, input.secrets)
  const redact = createRedact(credentials)
  const clean = <T extends IsolationEvent>(event: T): T => redactDeep(event, redact)

  const pool = createPool()
  const guard = createWriteGuard((probe) => !endsSomething(probe) && changesNothing(probe, input))
  const evidence = createEvidenceMaker({ target, credentials })
  const transport = throttled(await transportOf(target, options.transport), options.perSecond)
  const abort = new AbortController()
  const deadline = options.maxTimeMs === undefined ? undefined : AbortSignal.timeout(options.maxTimeMs)
  const stopped = AbortSignal.any([abort.signal, ...(signal ? [signal] : []), ...(deadline ? [deadline] : [])])
  const connect = (until: AbortSignal | undefined) =>
    createClient({
      transport,
      credentials,
      ledger: guard,
      secrets: pool,
      userAgent: `authkit-isolation (+${run.id})`,
      timeoutMs,
      signal: until,
    })
  const client = connect(stopped)
  const cleaner = connect(undefined)

  const results: CheckResult[] = []
  let stop: Stop | undefined
  let interrupted = false
  let started = false
  const left: Cleanup['left'][number][] = []
  let removed = 0
  try {
    stop = await reachable(client.send, input)
    const harvested = stop ? undefined : await harvest(input, { client, pool, concurrency })
    if (harvested) stop = aliceWorks(harvested.alice.map(({ first }) => first.status))
    if (stop || !harvested) {
      started = true
      yield clean({ kind: 'started', run, total: 0 })
    } else {
      const bench: Bench = {
        input,
        harvest: harvested,
        client,
        guard,
        evidence,
        allowWrites,
        send: client.send,
        seen: (exchange) =>
          client.hits(exchange).map((secret) => veiled(evidence.seen(exchange, secret), secret.value)),
        stated: (exchange, slot, excerpt) => evidence.stated(exchange, slot, excerpt),
      }
      const planned = checks.flatMap((check) => check.trials(bench).map((trial) => ({ check, trial })))
      const total = planned.reduce((sum, { check, trial }) => sum + actorsOf(check, trial).length, 0)
      started = true
      yield clean({ kind: 'started', run, total })
      // Changes come last, so that nothing is read while it is being changed.
      const ordered = planned.toSorted(
        (a, b) => Number(a.trial.play !== undefined) - Number(b.trial.play !== undefined),
      )
      for (let at = 0; at < ordered.length; at += CONTROL_EVERY) {
        const batch = ordered.slice(at, at + CONTROL_EVERY)
        const held: CheckResult[] = []
        for await (const result of asTheyCome(batch, concurrency, ({ check, trial }) =>
          playTrial(check, trial, bench),
        )) {
          held.push(result)
        }
        const works = harvested.bobWorks
        const still = works ? succeeded(await client.send('bob', works.probe)) : true
        for (const result of held) {
          const settled = still ? result : withoutBob(result)
          results.push(settled)
          yield clean({ kind: 'checked', result: settled })
        }
      }
    }
  } catch (error) {
    if (!signal?.aborted && !deadline?.aborted) throw error
    interrupted = true
  } finally {
    abort.abort()
    await client.idle()
    for (const made of guard.left()) {
      await unmake({ guard, send: cleaner.send }, made)
      if (guard.left().includes(made)) {
        left.push({ kind: 'object', id: made.id, curl: evidence.curl(made.owner, made.remove) })
      } else removed++
    }
    transport.close()
  }
  if (!started) yield clean({ kind: 'started', run, total: 0 })
  const summary = summarise(results, stop)
  yield clean({
    kind: 'finished',
    summary,
    stop,
    interrupted,
    cleanup: allowWrites ? { removed, left } : undefined,
    ledgers: [],
    requests: client.sent() + cleaner.sent(),
    ms: Math.round(performance.now() - startedAt),
    causes: [],
    exitCode: exitCodeOf({ summary, stop, interrupted }),
  })
}

function actorsOf(check: AnyCheck, trial: Trial) {
  return trial.actors ?? check.actors ?? ['bob']
}

function changesNothing(probe: Probe, { config }: Input): boolean {
  return isSafe(probe, (method, path) => matchesRoute(config.safe, method, path))
}

async function reachable(send: Bench['send'], { alice }: Input): Promise<Stop | undefined> {
  const [first] = alice
  if (!first || (await send('alice', first.probe)).status !== 0) return undefined
  return {
    id: 'control.reachable',
    message: 'The server does not answer.',
    advice: 'Start the server, or correct --url.',
    evidence: [],
  }
}

/** One clear sentence where the credential is at fault, instead of a page of inconclusive results. */
function aliceWorks(statuses: readonly number[]): Stop | undefined {
  if (statuses.some((status) => status >= 200 && status < 300)) return undefined
  const refused = statuses.some((status) => status === 401 || status === 403)
  return {
    id: 'control.alice',
    message: `None of ${WHO.alice}'s requests works: they answer ${[...new Set(statuses)].sort().join(', ')}.`,
    advice: refused
      ? 'Her credential has expired, is wrong, or stands in another header: name it in --config.'
      : 'Check --url, and that what was recorded still exists; ids for a specification are given with --as.',
    evidence: [],
  }
}

/** A verdict that rests on a credential that had expired by then. */
function withoutBob(result: CheckResult): CheckResult {
  if (result.actor !== 'bob' || result.verdict.kind !== 'isolated') return result
  const reason = "Bob's credential stopped working: his own request is refused now"
  return { ...result, verdict: { kind: 'inconclusive', reason }, controls: { ...result.controls, bob: 'failed' } }
}

/**
 * Harvested data is somebody's, so only ids are shown whole: `"…12…al…14…om…3…"` is an address, and where it stands says
 * the rest.
 */
function veiled(evidence: Evidence, value: string): Evidence {
  if (/^[\w-]+$/.test(value)) return evidence
  const veil = `${value.slice(0, 2)}…${value.length - 4}…${value.slice(-2)}`
  return { ...evidence, excerpt: evidence.excerpt.replaceAll(value, veil) }
}
