import { type Exchange, json, type Probe, get as read, succeeded } from '../../probe.js'
import type { AnyCheck, Bench, Played, Trial } from '../any-check.js'
import { byRoute } from '../any-check.js'
import { aimed, type Creation, creationsOf, look, make, unmake } from '../creation.js'
import type { Specification } from '../openapi.js'
import { jsonBody } from '../request.js'

/** What an answer holds only by mistake. */
const SENSITIVE =
  /pass(word|wd|phrase)?(_?hash)?$|(^|_)(salt|secret|otp|pin|ssn|hash)$|private_?key|secret_?key|is_?admin|internal/i
/** What a server decides, and no client. */
const DECIDED =
  /^(owner|owner_?id|user_?id|account_?id|tenant|tenant_?id|org_?id|role|roles|is_?admin|admin|is_?staff|verified|permissions|scopes|plan|created_?by)$/i

export const anyProperties: AnyCheck = {
  id: 'any.properties',
  family: 'any',
  resource: 'routes',
  operation: 'takeover',
  title: '{who} neither reads nor sets fields that are not for him',
  failure: '{who} reads or sets a field that is not for him',
  impact:
    'A field that is sent along by mistake tells secrets; one that is taken from the body lets a user make himself an admin, or put his objects under somebody else.',
  severity: 'medium',
  refs: ['API3', '915', '213'],
  event: null,
  fix: 'list the fields that a body may set and those that an answer holds, instead of passing whole objects through',
  trials: (bench) => [...disclosed(bench), ...assigned(bench)],
}

/** Fields with a sensitive name that the specification does not know. */
function disclosed({ harvest, input }: Bench): Trial[] {
  const { specification } = input
  if (!specification) return []
  const described = harvest.alice.filter(({ operation, first }) => operation?.answer && succeeded(first))
  return byRoute(described).map(([route, group]) => ({
    subject: route,
    play: async (bench): Promise<Played> => {
      const exchanges: Exchange[] = []
      for (const { probe } of group) exchanges.push(await bench.send('alice', probe))
      const evidence = exchanges.flatMap((exchange, index) =>
        undeclared(json(exchange), group[index]?.operation?.answer, specification, '').map((at) =>
          bench.stated(exchange, 'undeclared field', `${at} is in the answer and not in the specification`),
        ),
      )
      if (evidence.length > 0) return { verdict: { kind: 'leak', evidence }, exchanges, alice: 'ok' }
      const failed = exchanges.find((exchange) => !succeeded(exchange))
      if (failed) {
        const reason = `Alice's own request answers ${failed.status}`
        return { verdict: { kind: 'inconclusive', reason }, exchanges, alice: reason }
      }
      return { verdict: { kind: 'isolated', note: 'no such field', byRole: false }, exchanges, alice: 'ok' }
    },
  }))
}

function undeclared(value: unknown, schema: unknown, specification: Specification, at: string, depth = 0): string[] {
  if (value === null || typeof value !== 'object' || depth > 6) return []
  if (Array.isArray(value)) {
    const rows = value.slice(0, 20).flatMap((row) => {
      return undeclared(row, specification.rows(schema), specification, `${at}[]`, depth + 1)
    })
    return [...new Set(rows)]
  }
  const declared = specification.properties(schema)
  if (!declared) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = at === '' ? key : `${at}.${key}`
    if (key in declared) return undeclared(inner, declared[key], specification, here, depth + 1)
    return SENSITIVE.test(key) && inner !== null && inner !== undefined ? [here] : []
  })
}

/** Bob creates an object, and a second one with fields that the server decided on the first. */
function assigned(bench: Bench): Trial[] {
  return creationsOf(bench, 'bob').map((creation) => ({
    subject: `POST ${creation.create.path.split('?')[0]}`,
    ...(bench.allowWrites ? { play: () => playAssignment(bench, creation) } : { skip: 'only with --allow-writes' }),
  }))
}

async function playAssignment(bench: Bench, creation: Creation): Promise<Played> {
  const plain = await make(bench, 'bob', creation)
  const done = (verdict: Played['verdict'], exchanges: Exchange[] = []): Played => ({
    verdict,
    exchanges,
    alice: 'not tried',
  })
  if (!plain.made) {
    return done({ kind: 'inconclusive', reason: `Bob could not create one: ${plain.exchange.status}` })
  }
  const sent = jsonBody(creation.create)
  const shown = fieldsOf(json(plain.exchange))
  const extras = Object.entries(shown).filter(([key]) => DECIDED.test(key) && !(key in fieldsOf(sent)))
  if (extras.length === 0) {
    await unmake(bench, plain.made)
    return done({ kind: 'skipped', reason: 'the answer shows no field that the server decides' })
  }
  const chosen = Object.fromEntries(extras.map(([key, value]) => [key, otherThan(key, value)]))
  const body = { ...fieldsOf(sent), ...chosen }
  const loaded: Probe = { method: 'POST', path: creation.create.path, body }
  const attack = await make(bench, 'bob', creation, loaded)
  try {
    const { made, exchange } = attack
    if (!succeeded(exchange)) {
      const refused = exchange.status >= 400 && exchange.status < 500 && exchange.status !== 429
      return done(
        refused
          ? { kind: 'isolated', note: String(exchange.status), byRole: false }
          : { kind: 'inconclusive', reason: `unexpected status ${exchange.status}` },
        [exchange],
      )
    }
    const page = made ? await bench.send('bob', read(aimed(creation.item, creation, made.id).path)) : exchange
    const stored = succeeded(page) && Object.keys(fieldsOf(json(page))).length > 0 ? page : exchange
    const taken = Object.entries(chosen).filter(([key, value]) => {
      return JSON.stringify(fieldsOf(json(stored))[key]) === JSON.stringify(value)
    })
    // Who no longer sees what he made has given it away.
    const given = made && page.status === 404 && (await look(bench, creation, { ...plain.made })) !== 'gone'
    if (taken.length > 0 || given) {
      const names = (taken.length > 0 ? taken : Object.entries(chosen)).map(([key]) => key).join(', ')
      return done(
        {
          kind: 'leak',
          evidence: [bench.stated(exchange, 'set by the client', `the server took ${names} from the body`)],
        },
        [exchange],
      )
    }
    return done({ kind: 'isolated', note: `${exchange.status} own`, byRole: false }, [exchange])
  } finally {
    await unmake(bench, attack.made)
    await unmake(bench, plain.made)
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** A value of the same kind that the server would not have chosen. */
function otherThan(key: string, value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1_000_003
  if (Array.isArray(value)) return ['admin']
  return /role|plan/i.test(key) ? 'admin' : `authkit-${crypto.randomUUID()}`
}
