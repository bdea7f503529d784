import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import { nearest } from '../../errors/nearest.js'
import { type ActorName, type Attacker, WHO } from '../actor.js'
import type { CheckResult } from '../events.js'
import { glob } from '../select.js'
import type { Verdict } from '../verdict.js'
import { invalid, jsonOf } from './baseline.js'

const ATTACKERS = ['bob', 'carol', 'nobody', 'junk'] as const satisfies readonly Attacker[]

const File = z.strictObject({
  shared: z.array(z.string().min(1)).default([]),
  public: z.array(z.string().regex(/^[A-Z*]+ \/\S*$/, 'a route is written as GET /health')).default([]),
  admin: z.array(z.enum(ATTACKERS)).default([]),
})

/** What is open on purpose. */
export interface Intent {
  /** Checks whose attacker must be able to: `assistant.*` for users with a token, `assistant.read@nobody` for one. */
  readonly shared: readonly string[]
  /** Routes that callers without a valid token may use. */
  readonly public: readonly string[]
  /** Attackers who may do everything. */
  readonly admin: readonly Attacker[]
}

/** Throws `usage` for what is no intent file, and for a pattern that matches none of the checks. */
export function parseIntent(text: string, file: string, ids: readonly string[]): Intent {
  const parsed = File.safeParse(jsonOf(text, file))
  if (!parsed.success) throw invalid(file, parsed.error)
  for (const pattern of parsed.data.shared) {
    const [id = ''] = pattern.split('@')
    if (ids.some((known) => glob(id).test(known))) continue
    const { word } = nearest(id.replaceAll('*', ''), ids)
    throw new AuthkitError('usage', `${file}: no check matches "${pattern}". Did you mean ${word}?`, {
      hint: 'Run `authkit test-isolation --list` to see all checks.',
    })
  }
  return parsed.data
}

/** The result as the intent file has it: what is open on purpose must be open, and only that. */
export function withIntent(result: CheckResult, intent: Intent): CheckResult {
  const { verdict, actor, check } = result
  if (isShared(intent, check.id, actor)) return shared(result)
  if (verdict.kind !== 'leak') return result
  if ((intent.admin as readonly ActorName[]).includes(actor)) {
    return intended(result, `the intent file says that ${WHO[actor]} is an admin`)
  }
  return actor === 'nobody' || actor === 'junk' ? withoutPublic(result, intent, verdict.evidence) : result
}

function isShared({ shared }: Intent, id: string, actor: ActorName): boolean {
  return shared.some((pattern) => {
    const [ids = '', who] = pattern.split('@')
    // What users share is not meant for everybody on the network.
    const fits = who === undefined ? actor === 'bob' || actor === 'carol' : glob(who).test(actor)
    return fits && glob(ids).test(id)
  })
}

function shared(result: CheckResult): CheckResult {
  const { verdict, actor } = result
  if (verdict.kind === 'leak') return intended(result, 'the intent file says that this is shared')
  if (verdict.kind !== 'isolated') return result
  const reason = `the intent file says that this is shared, but ${WHO[actor]} was refused: ${verdict.note}`
  return { ...result, verdict: { kind: 'inconclusive', reason } }
}

function withoutPublic(
  result: CheckResult,
  { public: routes }: Intent,
  evidence: Extract<Verdict, { kind: 'leak' }>['evidence'],
): CheckResult {
  const open = evidence.filter(({ route }) => !routes.some((pattern) => routeMatches(pattern, route)))
  if (open.length === evidence.length) return result
  if (open.length > 0) return { ...result, verdict: { kind: 'leak', evidence: open } }
  const named = [...new Set(evidence.map(({ route }) => route))].join(', ')
  return intended(result, `the intent file says that ${named} is public`)
}

/** Ids in a route are all alike: `{thread_id}`, `:id` and `{id}`. */
function routeMatches(pattern: string, route: string): boolean {
  const plain = (text: string) => text.replace(/\{[^/}]*\}|:\w+/g, '{id}')
  return glob(plain(pattern)).test(plain(route))
}

function intended(result: CheckResult, reason: string): CheckResult {
  return {
    ...result,
    intended: reason,
    verdict: { kind: 'isolated', note: `open on purpose: ${reason}`, byRole: false },
  }
}
