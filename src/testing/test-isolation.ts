import { type Owner, WHO } from '../isolation/actor.js'
import type { Check } from '../isolation/check.js'
import { type Cause, explains } from '../isolation/diagnosis.js'
import type { CheckResult, IsolationEvent } from '../isolation/events.js'
import { failureOf, reasonOf, titleOf } from '../isolation/reporters/wording.js'
import { runSuite } from '../isolation/runner.js'
import { attackersOf } from '../isolation/trial/cast.js'
import type { Verdict } from '../isolation/verdict.js'
import type { IsolationOptions, Target } from './options.js'
import { suiteOptionsFor } from './run-suite.js'

/** As much of a test runner as is needed: vitest and node:test both have it. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  test(name: string, options: { timeout: number }, body: (context: TestContext) => Promise<void>): unknown
}

export interface TestContext {
  skip(reason?: string): void
}

export interface TestIsolationOptions extends IsolationOptions {
  /** What the cases stand under. */
  readonly name?: string
  /** A check that could not be decided fails its case, unless it is to be skipped. */
  readonly inconclusive?: 'fail' | 'skip'
  /** How long a case may take, in milliseconds. The first ones wait until the suite has got to them. */
  readonly caseTimeoutMs?: number
  /** Where the cases are registered. Found by itself inside vitest and node:test. */
  readonly runner?: TestRunner
}

/**
 * Registers the isolation suite, one test case a check. A leak fails its case with the evidence, a line that repeats it, the
 * fix and the likely cause; what the server does not offer is skipped. The suite runs once, when the first case begins.
 *
 * Await it at the top of the file: it looks for the test runner, which counts its cases when the file has been read.
 *
 * @throws AuthkitError `usage` for a selection, a URL or tokens that can't be, `target_refused` for a server elsewhere.
 * @example
 * const server = await createTestServer('./auth.ts')
 * await testIsolation(server)
 */
export async function testIsolation(target: Target, options: TestIsolationOptions = {}): Promise<void> {
  const { name = 'isolation', inconclusive = 'fail', caseTimeoutMs: timeout = 120_000 } = options
  const suiteOptions = suiteOptionsFor(target, options)
  const { describe, test } = options.runner ?? (await findRunner())
  const suite = lazily(() => runSuite(suiteOptions))
  const owners: readonly Owner[] = [
    'alice',
    'bob',
    ...(suiteOptions.tokens.carol === undefined ? [] : (['carol'] as const)),
  ]

  describe(name, () => {
    // What ends the whole suite is said by whichever case comes first, and the others are not tried.
    let told = false
    const begins = async (context: TestContext): Promise<boolean> => {
      const stopped = await suite.stopped()
      if (!stopped) return true
      if (!told) {
        told = true
        throw stopped
      }
      context.skip('the suite could not begin')
      return false
    }
    test('the suite can begin', { timeout }, async (context) => void (await begins(context)))
    for (const check of suiteOptions.checks) {
      test(`${check.id}: ${titleOf(check, (check.actors ?? ['bob'])[0] ?? 'bob')}`, { timeout }, async (context) => {
        if (!(await begins(context))) return
        const results = await suite.resultsOf(check, attackersOf(check, owners).length)
        if (results.length === 0) throw failure(['The run ended before this check.'])
        const worst = (kind: Verdict['kind']) => results.filter(({ verdict }) => verdict.kind === kind)
        const leaks = worst('leak')
        if (leaks.length > 0)
          throw failure(
            leaks.map((leak) => leakText(leak)),
            causesOf(check, await suite.causes()),
          )
        const open = worst('inconclusive')
        if (open.length > 0 && inconclusive === 'fail') throw failure(open.map(openText))
        const [left] = [...open, ...(worst('skipped').length === results.length ? results : [])]
        if (left) context.skip(reasonOf(left.verdict) ?? 'not tried')
      })
    }
  })
}

type Finished = Extract<IsolationEvent, { kind: 'finished' }>

/** A run that begins when somebody asks for it. */
function lazily(start: () => AsyncIterable<IsolationEvent>) {
  const results: CheckResult[] = []
  let finished: Finished | undefined
  let error: unknown
  let running: Promise<void> | undefined
  const wake: (() => void)[] = []

  async function run(): Promise<void> {
    try {
      for await (const event of start()) {
        if (event.kind === 'checked') results.push(event.result)
        if (event.kind === 'finished') finished = event
        for (const tell of wake.splice(0)) tell()
      }
    } catch (thrown) {
      error = thrown
    } finally {
      for (const tell of wake.splice(0)) tell()
    }
  }

  /** Resolves when something holds, or nothing more will come. */
  async function until(holds: () => boolean): Promise<void> {
    if (!running) running = run()
    while (!holds() && !finished && error === undefined) {
      await new Promise<void>((resolve) => wake.push(resolve))
    }
    if (error !== undefined) throw error
  }

  return {
    /** Why no check could be played, if that is so. */
    async stopped(): Promise<Error | undefined> {
      await until(() => results.length > 0)
      const stop = finished?.stop
      return stop && failure([`${stop.message}\n  fix      ${stop.advice}`], finished?.causes)
    },
    /** Fewer than expected where the run ended before. */
    async resultsOf(check: Check, expected: number): Promise<readonly CheckResult[]> {
      const own = () => results.filter((result) => result.check.id === check.id)
      await until(() => own().length >= expected)
      return own()
    },
    async causes(): Promise<readonly Cause[]> {
      await until(() => finished !== undefined)
      return finished?.causes ?? []
    },
  }
}

function causesOf({ id }: Check, causes: readonly Cause[]): readonly Cause[] {
  return causes.filter((cause) => explains(cause, id))
}

function leakText({ check, actor, verdict }: CheckResult): string {
  const [first] = verdict.kind === 'leak' ? verdict.evidence : []
  const where = first && first.where !== 'answer' ? ` at ${first.where}` : ''
  return [
    failureOf(check, actor),
    ...(first ? [`  saw      ${first.slot}${where}: ${first.excerpt} in ${first.status} ${first.route}`] : []),
    ...(first ? [`  repeat   ${first.curl}`] : []),
    `  fix      ${check.fix}`,
  ].join('\n')
}

function openText({ actor, verdict }: CheckResult): string {
  return `not decided for ${WHO[actor]}: ${reasonOf(verdict)}`
}

/** An error that shows its text and no stack: where in authkit it was thrown helps nobody. */
function failure(texts: readonly string[], causes: readonly Cause[] = []): Error {
  const lines = causes.map(({ sentence, repair }) => `likely cause: ${sentence}\n${repair.replaceAll(/^/gm, '  ')}`)
  const error = new Error([...texts, ...lines].join('\n\n'))
  error.stack = `${error.name}: ${error.message}`
  return error
}

/**
 * The runner that this file is read by. Vitest sets VITEST in its workers; everything else is node:test, which also works
 * in a file that is simply run.
 */
async function findRunner(): Promise<TestRunner> {
  if (!process.env['VITEST']) {
    const { describe, test } = await import('node:test')
    return { describe, test } as TestRunner
  }
  const { describe, test } = (await import('vitest')) as unknown as TestRunner
  return { describe, test }
}
