import { type Attacker, WHO } from '../actor.js'
import type { Check, CheckInfo, Family } from '../check.js'
import { type Fix, fixOf } from '../fix.js'
import { titleOf } from '../reporters/wording.js'
import { type Incident, incidentsOf } from './incidents.js'
import { type Reference, referenceOf } from './references.js'
import { drawn } from './symbolic-scene.js'

/** What a family asks, for headings. */
export const FAMILIES: Readonly<Record<Family, string>> = {
  boundary: 'Who are you?',
  read: 'Objects by id',
  write: 'Change, run, resume',
  delete: 'Deleting, and what stays behind',
  list: 'Search, count, page',
  owner: 'Claiming and giving away',
  collision: 'The same id, two owners',
  xref: 'Own object, foreign reference',
  identity: 'Saying you are someone else',
  stream: 'Events and joins',
  store: 'Memory',
  oracle: 'Does it exist?',
  http: 'The road around the check',
  jwt: 'Tokens that are JWTs',
  concurrency: 'Bleeding between requests',
  credential: 'Keys, sessions, connections, spaces',
  integrity: 'Is everything as it was?',
  any: 'Any HTTP API',
}

/** A check of either mode. What only the suite for LangGraph's API has may be missing. */
export type Explained = CheckInfo & Partial<Check>

/** Everything there is to say about a check without running it. */
export interface About {
  readonly check: Explained
  readonly attackers: readonly Attacker[]
  /** What holds when all is well, with the first attacker standing for all. */
  readonly title: string
  /** What Alice does first. */
  readonly prepared: readonly string[]
  readonly requests: readonly string[]
  /** What Alice and Bob send to prove that it works at all, where that is another request. */
  readonly control: readonly string[]
  /** What counts as what, in sentences. */
  readonly rules: readonly string[]
  readonly fix: Fix
  readonly references: readonly Reference[]
  readonly incidents: readonly Incident[]
}

export function about(check: Explained): About {
  const attackers = check.actors ?? ['bob']
  const [first = 'bob'] = attackers
  return {
    check,
    attackers,
    title: titleOf(check, first),
    prepared: drawn(check.prepare?.bind(check)),
    requests: drawn(check.requests?.bind(check)),
    control: drawn(check.control?.bind(check)),
    rules: rulesOf(check),
    fix: fixOf(check.fix),
    references: check.refs.map(referenceOf),
    incidents: incidentsOf(check.id),
  }
}

/** Runs one check. */
export function commandOf({ id, family }: CheckInfo): string {
  const target = family === 'any' ? '--url http://127.0.0.1:3000 --har alice.har' : '--url http://127.0.0.1:2024'
  return `authkit test-isolation ${target} --only ${id} --verbose`
}

/** `Bob, a caller without a token`. */
export function attackersInWords(attackers: readonly Attacker[], between = ', '): string {
  return attackers.map((name) => WHO[name].replace(/^A /, 'a ')).join(between)
}

function rulesOf({ on2xx, mutates, afterCheck, family }: Explained): string[] {
  if (on2xx === undefined || family === 'any') {
    return [
      "Refuse with 401, 403, 404 or 410, or answer with what is the caller's own.",
      "Whatever the status, a string that only Alice's own answers hold is a leak in anybody else's.",
    ]
  }
  const served = {
    leak: 'Any 2xx is a leak.',
    'leak-unless-empty': 'An empty answer is fine; any other 2xx is a leak.',
    own: "A 2xx is fine as long as it shows nothing of Alice's.",
  }[on2xx]
  return [
    `Refuse with 401, 403, 404 or 410. ${served}`,
    "Whatever the status, a marker or an id of Alice's in the answer is a leak.",
    ...(mutates && afterCheck !== false
      ? [
          "Alice's objects are read again afterwards: what is changed, gone or added is a leak, whatever the attacker was told.",
        ]
      : []),
  ]
}
