import { type CheckResult, NOT_REACHED, resultKey } from './events.js'
import type { Stop } from './preflight.js'

/** One mistake in auth.ts that the results of a run point to. */
export interface Cause {
  readonly id: CauseId
  /** What is probably wrong, in one sentence. */
  readonly sentence: string
  /** The events whose handler is to blame; `authenticate` where it is not a handler. */
  readonly events: readonly string[]
  /** What it explains, as `id@actor`. Empty where the suite could not begin. */
  readonly checks: readonly string[]
  /** Lines of auth.ts. */
  readonly repair: string
}

export type CauseId =
  | 'no-handler'
  | 'no-filter'
  | 'other-key'
  | 'not-stamped'
  | 'trusted-owner'
  | 'only-create-stamped'
  | 'no-store-handler'
  | 'store-by-owner'
  | 'namespace-if-given'
  | 'unknown-tokens'
  | 'loose-tokens'
  | 'undefined-identity'

export interface Outcome {
  readonly results: readonly CheckResult[]
  readonly stop: Stop | undefined
}

/**
 * What the pattern of red and green says about auth.ts: the few mistakes that are behind most leaks, the one that explains
 * most first. A server that leaks although it was told the right rules has no such pattern, and then nothing is said.
 */
export function diagnose({ results, stop }: Outcome): Cause[] {
  if (stop) return causeOfStop(stop)
  // What the time did not suffice for points to nothing.
  const run = readerOf(results.filter(({ verdict }) => reason(verdict) !== NOT_REACHED))
  const found = [
    ...tokens(run),
    ...store(run),
    ...(['threads', 'assistants', 'crons'] as const).flatMap((resource) => handlers(run, resource)),
    ...owners(run),
    ...lockedOut(run),
  ]
  return found.sort((a, b) => b.checks.length - a.checks.length)
}

/** Whether a cause explains what a check found. */
export function explains({ checks }: Cause, checkId: string): boolean {
  return checks.some((key) => key.split('@')[0] === checkId)
}

interface Reader {
  readonly results: readonly CheckResult[]
  /** Bob's verdict on one check; undefined where it was not played. */
  verdict(id: string): CheckResult['verdict']['kind'] | undefined
  find(id: string): CheckResult | undefined
  leaks(id: string): boolean
  /** The keys of everything that leaked and satisfies. */
  leaked(satisfies: (result: CheckResult) => boolean): string[]
}

function readerOf(results: readonly CheckResult[]): Reader {
  const find = (id: string) =>
    results.find(({ check, actor }) => check.id === id && (actor === 'bob' || actor === 'junk'))
  return {
    results,
    find,
    verdict: (id) => find(id)?.verdict.kind,
    leaks: (id) => results.some(({ check, verdict }) => check.id === id && verdict.kind === 'leak'),
    leaked: (satisfies) =>
      results.filter((result) => result.verdict.kind === 'leak' && satisfies(result)).map(resultKey),
  }
}

/** Families whose checks go straight at an object. What comes by detours may be the server's fault. */
const DIRECT = new Set(['read', 'write', 'delete', 'list', 'store'])

/**
 * The one check that asks for this event and nothing else. Others read as well, and `threads:read` may hold them; or they
 * try a trick, which may fail where none is needed.
 */
const PLAINEST: Readonly<Record<string, string>> = {
  'threads:create_run': 'run.create',
  'store:search': 'store.search',
}

/**
 * The events of a resource that nobody guards: most of what goes straight at their objects gets there. Most and not all,
 * because some routes ask a second event.
 */
function unguarded({ results, verdict }: Reader, resource: string): { open: string[]; guarded: string[] } {
  const open: string[] = []
  const guarded: string[] = []
  const direct = results.filter(({ check, actor }) => DIRECT.has(check.family) && actor === 'bob')
  for (const event of new Set(direct.map(({ check }) => check.event))) {
    if (!event?.startsWith(`${resource}:`)) continue
    const own = direct.filter(({ check }) => check.event === event).map(({ verdict }) => verdict.kind)
    const leaks = own.filter((kind) => kind === 'leak').length
    const held = own.filter((kind) => kind === 'isolated').length
    const plain = PLAINEST[event]
    if (leaks > held || (plain !== undefined && verdict(plain) === 'leak')) open.push(event)
    else if (held > 0) guarded.push(event)
  }
  return { open, guarded }
}

/** A handler is missing, or it decides nothing. */
function handlers(run: Reader, resource: 'threads' | 'assistants' | 'crons'): Cause[] {
  const { open, guarded } = unguarded(run, resource)
  if (open.length === 0) return []
  const stamped = stampsOwner(run, resource)
  const checks = (events: readonly string[]) => run.leaked(({ check }) => events.includes(check.event ?? ''))
  // A handler that writes the owner into value.metadata narrows searches by it, whatever it returns.
  if (stamped && open.length > 1 && guarded.every((event) => event.endsWith(':search'))) {
    const events = [...open, ...guarded, `${resource}:create`]
    return [
      {
        id: 'no-filter',
        sentence: `The handlers of ${resource} stamp an owner and return nothing, and nothing means: allow everything.`,
        events: open,
        checks: checks(events),
        repair: `.on('${resource}', ({ value, user }) => {\n  ...\n  return { owner: user.identity }  // this line is missing\n})`,
      },
    ]
  }
  if (guarded.length === 0) {
    return [
      {
        id: 'no-handler',
        sentence: `No handler covers ${resource}, and what no handler covers is allowed.`,
        events: open,
        checks: run.leaked(({ check }) => check.event?.startsWith(`${resource}:`) ?? false),
        repair: ownedBy(resource),
      },
    ]
  }
  return [
    {
      id: 'no-handler',
      sentence: `No handler covers ${list(open)}, or it returns no filter.`,
      events: open,
      checks: checks(open),
      repair: `.on(${quoted(open)}, ({ user }) => ({ owner: user.identity }))`,
    },
  ]
}

/** What was created in Alice's name did not keep that name. Undefined where nobody tried. */
function stampsOwner({ find }: Reader, resource: string): boolean | undefined {
  const made = find(`owner.${resource.replace(/s$/, '')}.create`)?.verdict
  if (!made || made.kind === 'skipped' || made.kind === 'inconclusive') return undefined
  return made.kind === 'isolated' || !made.evidence.some(({ slot }) => slot === 'owner')
}

/** Objects are guarded by their owner, and the owner is whoever the client says. */
function owners(run: Reader): Cause[] {
  const causes: Cause[] = []
  const named = (events: readonly string[]) =>
    run.leaked(
      ({ check }) => events.includes(check.event ?? '') && (check.family === 'owner' || check.id.endsWith('.metadata')),
    )
  for (const resource of ['threads', 'assistants', 'crons'] as const) {
    const { open } = unguarded(run, resource)
    const one = resource.replace(/s$/, '')
    if (open.length > 0 || stampsOwner(run, resource) !== false) continue
    const events = [
      `${resource}:create`,
      `${resource}:search`,
      ...(one === 'thread' ? ['threads:create_run', 'threads:update'] : []),
    ]
    causes.push({
      id: 'trusted-owner',
      sentence: `The handler of ${resource}:create keeps an owner that the client sent in value.metadata.`,
      events: [`${resource}:create`],
      checks: named(events),
      repair: stamped(`${resource}:create`),
    })
  }
  const updates = [
    ...(run.leaks('owner.thread.patch') ? ['threads:update'] : []),
    ...(run.leaks('owner.run.create') ? ['threads:create_run'] : []),
  ].filter((event) => !unguarded(run, 'threads').open.includes(event))
  if (updates.length > 0 && run.verdict('owner.thread.create') === 'isolated') {
    causes.push({
      id: 'only-create-stamped',
      sentence: `Only threads:create stamps the owner; ${list(updates)} let${updates.length > 1 ? '' : 's'} the client write another.`,
      events: updates,
      checks: named(updates),
      repair: stamped(...updates),
    })
  }
  return causes
}

function store(run: Reader): Cause[] {
  const { open, guarded } = unguarded(run, 'store')
  const checks = (events: readonly string[]) => run.leaked(({ check }) => events.includes(check.event ?? ''))
  if (open.length > 1 && guarded.length === 0) {
    return [
      {
        id: 'no-store-handler',
        sentence: 'No handler guards the store: a filter by owner does not reach it, because items have no owner.',
        events: open,
        checks: run.leaked(({ check }) => check.event?.startsWith('store:') ?? false),
        repair: ownNamespace('store'),
      },
    ]
  }
  const withoutNamespace = ['store.namespaces', 'store.namespaces.match', 'store.search.empty-prefix']
  if (withoutNamespace.some(run.leaks) && run.verdict('store.search') === 'isolated' && judgesNamespaces(run)) {
    const keys = run.leaked(({ check }) => withoutNamespace.includes(check.id))
    return [
      {
        id: 'namespace-if-given',
        sentence: 'The store handler looks at value.namespace only where there is one; a request without it passes.',
        events: [
          ...new Set(
            run.results.filter((result) => keys.includes(resultKey(result))).map(({ check }) => check.event ?? ''),
          ),
        ],
        checks: keys,
        repair: ownNamespace('store'),
      },
    ]
  }
  if (open.length === 0) return []
  return [
    {
      id: 'no-handler',
      sentence: `No handler covers ${list(open)}, or it lets every namespace pass.`,
      events: open,
      checks: checks(open),
      repair: ownNamespace(...open),
    },
  ]
}

/** Whether a list of namespaces is refused when it names Alice's: then there is a handler, and it misses the rest. */
function judgesNamespaces({ find }: Reader): boolean {
  const [named] = find('store.namespaces.match')?.requests ?? []
  return named === undefined || named.status >= 400
}

/** Who may not reach what is theirs is not isolated, but shut out: the filter looks for what is not there. */
function lockedOut(run: Reader): Cause[] {
  const shut = (resource: string) => {
    const own = run.results.filter(
      ({ check, actor }) => check.event?.startsWith(`${resource}:`) && DIRECT.has(check.family) && actor === 'bob',
    )
    return own.length > 1 && own.every(({ verdict }) => verdict.kind === 'inconclusive' || verdict.kind === 'skipped')
      ? own.filter(({ verdict }) => verdict.kind === 'inconclusive' || /may not create/.test(reason(verdict)))
      : []
  }
  const others = (['assistants', 'crons'] as const).flatMap((resource): Cause[] => {
    const results = shut(resource)
    if (results.length === 0) return []
    return [
      {
        id: 'other-key',
        sentence: `Alice can't reach ${resource} of her own: the handlers filter by a key that ${resource}:create does not stamp.`,
        events: [`${resource}:create`],
        checks: results.map(resultKey),
        repair: ownedBy(resource),
      },
    ]
  })
  const items = shut('store')
  if (items.length === 0) return others
  return [
    ...others,
    {
      id: 'store-by-owner',
      sentence:
        'A handler for everything filters the store by owner too, where items have none: it needs one of its own.',
      events: ['store:put', 'store:get', 'store:search', 'store:list_namespaces', 'store:delete'],
      checks: items.map(resultKey),
      repair: ownNamespace('store'),
    },
  ]
}

function reason(verdict: CheckResult['verdict']): string {
  return 'reason' in verdict ? verdict.reason : ''
}

function tokens(run: Reader): Cause[] {
  const checks = run.leaked(
    ({ check, actor }) => check.event === 'authenticate' || actor === 'nobody' || actor === 'junk',
  )
  if (run.leaks('boundary.junk-token') || run.leaks('boundary.empty-token')) {
    return [
      {
        id: 'unknown-tokens',
        sentence:
          'authenticate lets callers in whose token it does not know; their identity is then a text such as "undefined", the same for all of them.',
        events: ['authenticate'],
        checks,
        repair: UNKNOWN_TOKEN,
      },
    ]
  }
  if (!run.leaks('boundary.near-miss')) return []
  return [
    {
      id: 'loose-tokens',
      sentence: 'authenticate compares tokens by their beginning, or without case, and not for equality.',
      events: ['authenticate'],
      checks,
      repair: UNKNOWN_TOKEN,
    },
  ]
}

/** The suite needs users who can reach what they made; an auth.ts that keeps them out has a mistake of its own. */
function causeOfStop({ id, status = 0, stamped: keys = [] }: Stop): Cause[] {
  const cause = (cause: Omit<Cause, 'checks'>): Cause[] => [{ ...cause, checks: [] }]
  if (id === 'boundary.no-token') return []
  if (status >= 500) {
    return cause({
      id: 'undefined-identity',
      sentence:
        'A handler of auth.ts throws, or puts undefined into its filter: user.identity is the name of the user, there is no user.id.',
      events: ['threads:create', 'threads:read'],
      repair: `.on('threads', ({ user }) => ({ owner: user.identity }))`,
    })
  }
  if (id !== 'control.owner') return []
  if (keys.length === 0) {
    return cause({
      id: 'not-stamped',
      sentence:
        'auth.ts filters by an owner that nothing stamps: the handler of threads:create is missing, or sets nothing.',
      events: ['threads:create'],
      repair: stamped('threads:create'),
    })
  }
  return cause({
    id: 'other-key',
    sentence: `auth.ts stamps metadata.${keys.join(' and metadata.')} and filters by another key, so nobody finds what they made.`,
    events: ['threads:create', 'threads:read', 'threads:search'],
    repair: ownedBy('threads', keys[0]),
  })
}

const UNKNOWN_TOKEN = `const user = USERS.get(token)  // a Map: an object also knows "constructor"
if (!user) throw new HTTPException(401)
return { identity: user.id }`

function stamped(...events: readonly string[]): string {
  return `.on(${quoted(events)}, ({ value, user }) => {
  value.metadata = { ...value.metadata, owner: user.identity }  // last, so that it wins
  return { owner: user.identity }
})`
}

function ownedBy(resource: 'threads' | 'assistants' | 'crons', key = 'owner'): string {
  const writing = [
    `${resource}:create`,
    `${resource}:update`,
    ...(resource === 'threads' ? ['threads:create_run'] : []),
  ]
  return `.on('${resource}', ({ user }) => ({ ${key}: user.identity }))
.on(${quoted(writing)}, ({ value, user }) => {
  value.metadata = { ...value.metadata, ${key}: user.identity }
  return { ${key}: user.identity }
})`
}

function ownNamespace(...keys: readonly string[]): string {
  return `.on(${quoted(keys)}, ({ value, user }) => {
  if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)  // a missing one too
})`
}

function quoted(keys: readonly string[]): string {
  const [first, ...others] = keys.map((key) => `'${key}'`)
  return others.length === 0 ? String(first) : `[${[first, ...others].join(', ')}]`
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
