import { readFileSync } from 'node:fs'
import { AuthkitError } from '../errors/authkit-error.js'
import type { SuiteOptions } from './runner.js'
import { DEFAULT_SETTINGS, OPT_INS, type Settings } from './stage.js'
import { isLoopback } from './target.js'

/** What the user gave, as it was given: the flags of the command, by their names. */
export interface Given {
  readonly rate?: string | undefined
  readonly timeout: number
  readonly 'run-timeout': number
  readonly 'max-time'?: number | undefined
  readonly concurrency: number
  readonly ca?: string | undefined
}

export interface GivenForSuite extends Given {
  readonly seed?: number | undefined
  readonly assistant?: string | undefined
  readonly 'alice-id'?: string | undefined
  readonly 'bob-id'?: string | undefined
  readonly 'carol-id'?: string | undefined
  readonly keep: boolean
  readonly input?: string | undefined
  readonly 'run-graphs': boolean
  readonly timing: boolean
  readonly 'agent-memory': boolean
  readonly destructive: boolean
  readonly jwks?: string | undefined
  readonly 'expired-token'?: string | undefined
  readonly 'other-audience-token'?: string | undefined
  readonly 'deleted-user-token'?: string | undefined
  readonly 'session-token'?: string | undefined
  readonly 'signout-url'?: string | undefined
  readonly 'revocable-token'?: string | undefined
  readonly 'revoke-cmd'?: string | undefined
  readonly 'revocation-window': number
}

/** What both modes take from it. Throws `usage` for what can't be. */
export function boundsOf(given: Given) {
  const { 'max-time': maxTime } = given
  return {
    concurrency: given.concurrency,
    perSecond: rateOf(given.rate),
    timeoutMs: given.timeout * 1000,
    maxTimeMs: maxTime === undefined ? undefined : maxTime * 1000,
    transport: { ca: caOf(given.ca) },
  } satisfies Partial<SuiteOptions>
}

/** What the suite for LangGraph's API takes from it. Throws `usage` for what can't be. */
export function suiteOptionsOf(given: GivenForSuite) {
  return {
    ...boundsOf(given),
    seed: given.seed,
    agent: given.assistant,
    identities: { alice: given['alice-id'], bob: given['bob-id'], carol: given['carol-id'] },
    keep: given.keep,
    settings: settingsOf(given),
    forging: { jwks: given.jwks, expired: given['expired-token'], otherAudience: given['other-audience-token'] },
    given: {
      'deleted-user': given['deleted-user-token'],
      session: given['session-token'],
      revocable: given['revocable-token'],
    },
  } satisfies Partial<SuiteOptions>
}

/**
 * Throws unless the user has named the host whose data may be destroyed, and that host is this machine. `ask` is asked
 * where nobody named it beforehand, and there is a person to ask.
 */
export async function agreeToDestroy(
  target: URL,
  named: string | undefined,
  ask: ((question: string) => Promise<string | undefined>) | undefined,
): Promise<void> {
  if (!isLoopback(target)) {
    throw new AuthkitError('target_refused', `--destructive is refused for ${target.host}.`, {
      hint: 'It is only for a server on this machine, started for this test.',
    })
  }
  const answer = named ?? (await ask?.(`All data on ${target.host} may be destroyed. Type its name to go on:`))
  if (answer?.trim() === target.host) return
  throw new AuthkitError('usage', '--destructive needs the name of the host whose data may be destroyed.', {
    hint: `If nothing on it is worth keeping: --yes-destroy-all-data-on ${target.host}`,
  })
}

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

function settingsOf(given: GivenForSuite): Settings {
  const { input = DEFAULT_SETTINGS.input } = given
  assertInput(input)
  return {
    ...DEFAULT_SETTINGS,
    optIns: new Set(OPT_INS.filter((name) => given[name])),
    runGraphs: given['run-graphs'] || given['agent-memory'],
    input,
    runTimeoutMs: given['run-timeout'] * 1000,
    signOutPath: given['signout-url'],
    revokeCommand: given['revoke-cmd'],
    revocationWindowMs: given['revocation-window'] * 1000,
  }
}

function assertInput(input: string): void {
  try {
    const value: unknown = JSON.parse(input)
    if (input.includes('<canary>') && typeof value === 'object' && value !== null) return
  } catch {
    // Said below.
  }
  throw new AuthkitError('usage', '--input is no JSON object with <canary> in it.', {
    hint: `Such as --input '{"question":"<canary>"}'.`,
  })
}
