import { CHECKS } from '../isolation/checks/index.js'
import type { IsolationEvent } from '../isolation/events.js'
import { runSuite, type SuiteOptions } from '../isolation/runner.js'
import { type Selection, selectChecks } from '../isolation/select.js'
import { assertAgreed, chooseTokens, parseTarget } from '../isolation/target.js'
import { createFetchTransport } from '../isolation/wire/fetch-transport.js'
import type { InProcess, IsolationOptions, Target } from './options.js'

/** Where curl lines point when the server has no address: the one of `authkit dev`. */
const DEV = new URL('http://127.0.0.1:2024')

/** The checks that are left of the selection. */
export function chosenChecks({ only, skip }: Selection) {
  return selectChecks(CHECKS, { only, skip })
}

/**
 * What the suite is to do, for the options of a user.
 *
 * @throws AuthkitError `usage` and `target_refused`, as the command does.
 */
export function suiteOptionsFor(target: Target, options: IsolationOptions): SuiteOptions {
  const { tokens = {}, assistant, seed, timeoutMs, allowRemote = false } = options
  const inProcess = typeof target === 'object' && !(target instanceof URL) ? target : undefined
  const url = inProcess ? DEV : parseTarget(String(target))
  assertAgreed(url, allowRemote)
  const { carol } = tokens
  return {
    target: url,
    tokens: {
      ...chooseTokens(url, { ...(inProcess ? placeholdersOf(inProcess) : {}), ...tokens }),
      ...(carol === undefined ? {} : { carol }),
    },
    checks: chosenChecks(options),
    seed,
    agent: assistant,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(inProcess ? { transport: createFetchTransport((request) => inProcess.fetch(request)) } : {}),
  }
}

/** Plays the suite, and tells what happens while it happens. */
export function play(target: Target, options: IsolationOptions): AsyncGenerator<IsolationEvent> {
  return runSuite(suiteOptionsFor(target, options))
}

interface WithTokens {
  readonly tokens?: readonly { readonly token: string; readonly identity: string }[]
}

/** The first two users whom the placeholder tokens of a test server stand for. */
function placeholdersOf(server: InProcess & WithTokens): { alice?: string; bob?: string } {
  const [alice, ...others] = server.tokens ?? []
  const bob = others.find(({ identity }) => identity !== alice?.identity)
  return alice && bob ? { alice: alice.token, bob: bob.token } : {}
}
