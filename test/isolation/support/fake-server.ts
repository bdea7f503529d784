import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'

/**
 * A small server of LangGraph's shape with the faults one wants. `leaks` names checks: each opens exactly the hole that
 * check looks for, and no other. Without any it isolates its users by owner.
 */
export interface FakeOptions {
  readonly leaks?: readonly string[]
  /** How everything is answered that is not planting: the suite gets going, and then the server refuses everybody. */
  readonly refuse?: 401 | 403 | 404 | 500 | 'null' | 'hang'
  /** Answers nobody looks at: no token is needed at all. */
  readonly open?: boolean
  /** Both tokens are the same user. */
  readonly oneUser?: boolean
  /** Threads carry no owner, and filters look for one. */
  readonly unstamped?: boolean
  /** Every request of this actor is refused from the beginning. */
  readonly lockedOut?: 'user1' | 'user2'
  /** Nobody but Alice may copy threads, whoever owns them. */
  readonly roleless?: boolean
  /** Threads can be created and never deleted. */
  readonly undeletable?: boolean
  /** Once somebody else has tried to delete a thread, Alice does not find hers any more. */
  readonly forgetsAlice?: boolean
  /** Answers hold the credential of the request. */
  readonly echoTokens?: boolean
  /** A text of somebody else's that stands next to everything. */
  readonly strangers?: string
  /** Refusals of Bob are crashes. */
  readonly crash?: boolean
}

export interface FakeServer {
  readonly url: URL
  /** What is still there. */
  remaining(): { threads: number; assistants: number; items: number }
  /** How often a thread was deleted under a pending run, which takes a worker with it on some servers. */
  accidents(): number
  /** Every request line, for a look at what was sent. */
  readonly seen: readonly { method: string; path: string; authorization: string | undefined; body: string }[]
  close(): Promise<void>
}

type Json = Record<string, unknown>
interface Run {
  readonly run_id: string
  readonly thread_id: string
  readonly assistant_id: string
  status: string
  readonly metadata: Json
  readonly kwargs: Json
}
interface Thread {
  readonly thread_id: string
  owner: string
  metadata: Json
  status: string
  values: { messages: unknown[] } | null
  history: { checkpoint_id: string; values: unknown }[]
  runs: Run[]
}
interface Assistant {
  readonly assistant_id: string
  readonly owner: string
  versions: Json[]
  current: number
}
interface Item {
  readonly namespace: string[]
  readonly key: string
  value: unknown
}
interface Log {
  readonly owner: string
  readonly resumable: boolean
  readonly values: unknown
  readonly thread: string
}

const USERS: Readonly<Record<string, string>> = { 'user1-token': 'user1', 'user2-token': 'user2' }
const JUNK_SHAPE = /^[a-z]{4,5}\d?-[a-z]{5}$/

export async function startFakeServer(options: FakeOptions = {}): Promise<FakeServer> {
  const leaks = new Set(options.leaks ?? [])
  const threads = new Map<string, Thread>()
  const graveyard = new Map<string, Thread>()
  const assistants = new Map<string, Assistant>()
  const items: Item[] = []
  const logs = new Map<string, Log>()
  const late: { thread: string; reads: number; apply: () => void }[] = []
  const seen: { method: string; path: string; authorization: string | undefined; body: string }[] = []

  let forgotten = false
  let accidents = 0

  const identify = (c: Context): string | undefined => {
    const header = c.req.header('authorization')
    const token = header?.split(' ').at(-1) ?? ''
    const claimed = c.req.header('x-forwarded-user')
    if (leaks.has('boundary.proxy-identity') && claimed) return claimed
    if (leaks.has('boundary.studio-header') && c.req.header('x-auth-scheme') === 'langsmith') return 'studio'
    if (Object.hasOwn(USERS, token)) return options.oneUser ? 'user1' : USERS[token]
    if (options.open) return 'anybody'
    if (leaks.has('boundary.no-token') && header === undefined && !c.req.header('x-auth-scheme')) return 'anonymous'
    if (leaks.has('boundary.junk-token') && JUNK_SHAPE.test(token)) return 'guest'
    if (leaks.has('boundary.near-miss') && token === 'user1-tokenx') return 'user1'
    if (leaks.has('boundary.empty-token') && token === 'null') return 'nobody'
    if (leaks.has('boundary.prototype-key') && token in {}) return 'object'
    return undefined
  }
  const user = (c: Context): string => c.get('user') as string
  const bodyOf = async (c: Context): Promise<Json> => {
    const text = await c.req.text()
    return text === '' ? {} : (JSON.parse(text) as Json)
  }
  const owns = (c: Context, owner: string, check?: string) =>
    owner === user(c) || owner === '*' || options.open === true || (check !== undefined && holed(c, check))
  /** Holes are Bob's and everybody's else; Alice sees what is hers. */
  const holed = (c: Context, check: string) => leaks.has(check) && user(c) !== 'user1'
  const refused = (c: Context, what = 'Not found') =>
    options.crash ? c.json({ detail: 'oops' }, 500) : c.json({ detail: what }, 404)

  const app = new Hono<{ Variables: { user: string } }>()
  app.use(async (c, next) => {
    const body = await c.req.raw.clone().text()
    const path = c.req.path + new URL(c.req.url).search
    seen.push({ method: c.req.method, path, authorization: c.req.header('authorization'), body })
    if (c.req.path === '/info') return c.json({ version: '1.0.0', context: 'js' })
    const identity = identify(c)
    const echo = options.echoTokens ? ` ${c.req.header('authorization')}` : ''
    if (identity === undefined) return c.text(`Who are you?${echo}`, 401)
    if (options.lockedOut === identity) return c.text(`Invalid token${echo}`, 401)
    if (options.roleless && identity !== 'user1' && c.req.path.endsWith('/copy')) return c.text('Not your role', 403)
    if (options.echoTokens) c.header('x-credential', echo)
    c.set('user', identity)
    const victim = threads.get(c.req.path.split('/')[2] ?? '')
    if (options.forgetsAlice && c.req.method === 'DELETE' && victim && victim.owner !== identity) forgotten = true
    if (forgotten && identity === 'user1') return c.json({ detail: 'Not found' }, 404)
    if (options.refuse !== undefined && !planting(c.req.method, c.req.path, body)) {
      if (options.refuse === 'hang') await new Promise((resolve) => setTimeout(resolve, 1000))
      if (options.refuse === 'null' || options.refuse === 'hang') return c.json(null)
      return c.json({ detail: 'refused' }, options.refuse)
    }
    return next()
  })
  app.onError((error, c) => c.json({ detail: String(error) }, 500))

  /** What the suite needs to get going: the fixtures, and the threads of its preflight, which have no state. */
  const planting = (method: string, path: string, body: string): boolean => {
    const json = (body === '' ? {} : JSON.parse(body)) as Json & { metadata?: Json; config?: { configurable?: Json } }
    const [, kind, id, sub] = path.split('/')
    if (method === 'POST' && json.metadata?.['authkit_isolation'] !== undefined) return true
    if (method === 'PATCH' && kind === 'assistants') return json.config?.configurable?.['apikey'] !== undefined
    if (method === 'PUT') return !items.some(({ key }) => key === json['key'])
    const thread = kind === 'threads' ? threads.get(id ?? '') : undefined
    if (method === 'POST' && sub === 'state') return thread?.values === null
    if (sub === undefined && thread) return thread.values === null
    const [found] = [...threads.values()].filter(({ metadata }) => metadata['secret'] === json.metadata?.['secret'])
    return method === 'POST' && id === 'search' && kind === 'threads' && found?.values === null
  }

  // threads
  const view = (thread: Thread) => ({
    thread_id: thread.thread_id,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: new Date().toISOString(),
    metadata: { ...(options.strangers ? { stranger: options.strangers } : {}), ...thread.metadata },
    status: thread.status,
    values: thread.values,
    interrupts: {},
  })
  const contains = (whole: Json, part: unknown) =>
    Object.entries((part ?? {}) as Json).every(([key, value]) => whole[key] === value)
  const create = (c: Context, id: string, metadata: Json | undefined, forged: string): Thread => {
    const claimed = leaks.has(forged) && typeof metadata?.['owner'] === 'string' ? metadata['owner'] : undefined
    const everybody = leaks.has('owner.missing') && forged === 'owner.thread.create' && !metadata ? '*' : undefined
    const owner = claimed ?? everybody ?? user(c)
    const thread: Thread = {
      thread_id: id,
      owner: options.unstamped ? 'no one' : owner,
      metadata: { ...metadata, ...(options.unstamped ? {} : { owner }) },
      status: 'idle',
      values: null,
      history: [],
      runs: [],
    }
    const dead = graveyard.get(id)
    if (dead && leaks.has('delete.residue')) Object.assign(thread, { values: dead.values, history: dead.history })
    threads.set(id, thread)
    return thread
  }
  const threadOf = (c: Context, check: string): Thread | undefined => {
    const thread = threads.get(c.req.param('id') ?? '')
    return thread && owns(c, thread.owner, check) ? thread : undefined
  }
  const write = (thread: Thread, values: unknown) => {
    const messages = (values as { messages?: unknown[] } | undefined)?.messages ?? []
    thread.values = { messages: [...(thread.values?.messages ?? []), ...messages] }
    const checkpoint_id = randomUUID()
    thread.history.unshift({ checkpoint_id, values: thread.values })
    return checkpoint_id
  }
  const state = (thread: Thread, entry = thread.history[0]) => ({
    values: entry?.values ?? {},
    next: [],
    tasks: [],
    checkpoint: entry ? { thread_id: thread.thread_id, checkpoint_id: entry.checkpoint_id } : null,
  })

  app.post('/threads', async (c) => {
    const body = await bodyOf(c)
    const id = String(body['thread_id'] ?? randomUUID())
    const existing = threads.get(id)
    if (existing) {
      const mayHave = body['if_exists'] === 'do_nothing' && owns(c, existing.owner, 'collision.thread')
      return mayHave ? c.json(view(existing)) : c.json({ detail: 'Thread already exists' }, 409)
    }
    return c.json(view(create(c, id, body['metadata'] as Json | undefined, 'owner.thread.create')))
  })
  app.post('/threads/search', async (c) => {
    const body = await bodyOf(c)
    const ids = body['ids'] as string[] | undefined
    const check = ids ? 'thread.search.ids' : body['metadata'] ? 'thread.search.metadata' : 'thread.search'
    const residue = (thread: Thread) =>
      leaks.has('integrity.residue') && user(c) === 'user1' && thread.metadata['iso_mark'] !== undefined
    const rows = [...threads.values()]
      .filter((thread) => owns(c, thread.owner, check) || residue(thread))
      .filter((thread) => (ids ? ids.includes(thread.thread_id) : contains(thread.metadata, body['metadata'])))
    if (body['sort_order'] !== 'asc') rows.reverse()
    return c.json(rows.slice(0, Number(body['limit'] ?? 10)).map(view))
  })
  app.post('/threads/count', async (c) => {
    const { metadata } = await bodyOf(c)
    const rows = [...threads.values()].filter((thread) => owns(c, thread.owner, 'thread.count'))
    return c.json(rows.filter((thread) => contains(thread.metadata, metadata)).length)
  })
  app.get('/threads/:id', (c) => {
    const thread = threadOf(c, 'thread.read')
    if (!thread) {
      const hidden = threads.has(c.req.param('id')) && leaks.has('oracle.status')
      return hidden ? c.json({ detail: 'Forbidden' }, 403) : refused(c)
    }
    const answer = view(structuredClone(thread))
    for (const effect of late.filter((one) => one.thread === thread.thread_id && one.reads-- === 0)) effect.apply()
    return c.json(answer)
  })
  app.patch('/threads/:id', async (c) => {
    const metadata = ((await bodyOf(c))['metadata'] ?? {}) as Json
    const thread = threadOf(c, 'thread.update')
    if (!thread) {
      const victim = threads.get(c.req.param('id'))
      if (victim && leaks.has('integrity.snapshot')) {
        late.push({ thread: victim.thread_id, reads: 0, apply: () => Object.assign(victim.metadata, { late: true }) })
      }
      return refused(c)
    }
    const gift = leaks.has('owner.thread.patch') && typeof metadata['owner'] === 'string'
    if (gift) thread.owner = String(metadata['owner'])
    thread.metadata = { ...thread.metadata, ...metadata, owner: thread.owner }
    return c.json(view(thread))
  })
  const bury = (thread: Thread) => {
    threads.delete(thread.thread_id)
    graveyard.set(thread.thread_id, thread)
    if (!leaks.has('delete.replay')) for (const { run_id } of thread.runs) logs.delete(run_id)
  }
  app.delete('/threads/:id', (c) => {
    const thread = threadOf(c, 'thread.delete')
    if (!thread || options.undeletable) return refused(c)
    if (thread.status === 'busy') accidents++
    bury(thread)
    return c.body(null, 204)
  })
  app.post('/threads/:id/copy', (c) => {
    const thread = threadOf(c, 'thread.copy')
    if (!thread) return options.crash ? refused(c) : c.json({ detail: 'Thread not found' }, 409)
    const copy = create(c, randomUUID(), {}, 'none')
    copy.values = thread.values
    copy.history = thread.history
    return c.json(view(copy))
  })
  app.get('/threads/:id/state', (c) => {
    const thread = threadOf(c, 'thread.state')
    return thread ? c.json(state(thread)) : refused(c)
  })
  const checkpoint = (c: Context, id: string) => {
    const thread = threadOf(c, 'thread.state.checkpoint')
    if (!thread) return refused(c)
    const among = leaks.has('xref.state.checkpoint') ? [...threads.values()] : [thread]
    const entry = among.flatMap(({ history }) => history).find(({ checkpoint_id }) => checkpoint_id === id)
    return c.json(entry ? state(thread, entry) : { values: {}, next: [], tasks: [], checkpoint: { checkpoint_id: id } })
  }
  app.get('/threads/:id/state/:checkpoint', (c) => checkpoint(c, c.req.param('checkpoint')))
  app.post('/threads/:id/state/checkpoint', async (c) => {
    const body = (await bodyOf(c)) as { checkpoint?: { checkpoint_id?: string } }
    return checkpoint(c, body.checkpoint?.checkpoint_id ?? '')
  })
  app.post('/threads/:id/state', async (c) => {
    const thread = threadOf(c, 'thread.state.update')
    if (!thread) return refused(c)
    const id = write(thread, (await bodyOf(c))['values'])
    return c.json({ checkpoint: { thread_id: thread.thread_id, checkpoint_id: id } })
  })
  app.on(['GET', 'POST'], '/threads/:id/history', (c) => {
    const thread = threadOf(c, 'thread.history')
    return thread ? c.json(thread.history.map((entry) => state(thread, entry))) : refused(c)
  })

  // runs
  const assistantFor = (c: Context, id: string, check: string): Assistant | 'agent' | undefined => {
    if (id === 'agent') return 'agent'
    const assistant = assistants.get(id)
    return assistant && owns(c, assistant.owner, check) ? assistant : undefined
  }
  const play = (c: Context, thread: Thread, assistant: Assistant | 'agent', body: Json): Run => {
    const asked = (body['config'] as { configurable?: Json } | undefined)?.configurable ?? {}
    const inherited =
      assistant === 'agent' ? {} : (assistant.versions[assistant.current]?.['config'] as { configurable?: Json })
    const configurable: Json = {
      ...inherited.configurable,
      ...asked,
      thread_id: thread.thread_id,
      langgraph_auth_user_id: leaks.has('identity.auth-user') ? (asked['langgraph_auth_user_id'] ?? user(c)) : user(c),
      user_id: leaks.has('identity.user-id') ? (asked['user_id'] ?? user(c)) : user(c),
    }
    delete configurable['langgraph_auth_user']
    const pending = Number(body['after_seconds'] ?? 0) > 0
    const run: Run = {
      run_id: randomUUID(),
      thread_id: thread.thread_id,
      assistant_id: String(body['assistant_id']),
      status: pending ? 'pending' : 'interrupted',
      metadata: (body['metadata'] ?? {}) as Json,
      kwargs: { input: body['input'], config: { configurable } },
    }
    thread.runs.push(run)
    const named = leaks.has('xref.config.thread-id') ? threads.get(String(asked['thread_id'])) : undefined
    if (pending) thread.status = 'busy'
    else {
      const command = body['command'] as { update?: unknown; resume?: unknown } | undefined
      write(named ?? thread, body['input'] ?? command?.update ?? { messages: [command?.resume] })
      thread.status = 'interrupted'
      const resumable = body['stream_resumable'] === true
      logs.set(run.run_id, { owner: thread.owner, resumable, values: thread.values, thread: thread.thread_id })
    }
    return run
  }
  const sse = (c: Context, ...events: [string, unknown][]) =>
    c.body(events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join(''), 200, {
      'content-type': 'text/event-stream',
    })
  const answer = (c: Context, thread: Thread, run: Run, how: string) => {
    c.header('content-location', `/threads/${thread.thread_id}/runs/${run.run_id}`)
    if (how === 'wait') return c.json({ ...thread.values, __interrupt__: [] })
    if (how === 'stream') return sse(c, ['metadata', { run_id: run.run_id }], ['values', thread.values])
    return c.json(run)
  }
  const onThread = async (c: Context, how: 'create' | 'wait' | 'stream') => {
    const body = await bodyOf(c)
    const id = c.req.param('id') ?? ''
    const forced = body['if_not_exists'] === 'create'
    const check = body['command'] ? 'run.resume' : forced ? 'collision.run' : `run.${how}`
    const absent = !threads.has(id) && forced
    const thread = absent ? create(c, id, body['metadata'] as Json, 'owner.run.create') : threadOf(c, check)
    const assistant = assistantFor(c, String(body['assistant_id']), 'xref.run.assistant')
    if (!thread || !assistant) return refused(c)
    if (thread.status === 'busy') return c.json({ detail: 'busy' }, 409)
    return answer(c, thread, play(c, thread, assistant, body), how)
  }
  app.post('/threads/:id/runs', (c) => onThread(c, 'create'))
  app.post('/threads/:id/runs/wait', (c) => onThread(c, 'wait'))
  app.post('/threads/:id/runs/stream', (c) => onThread(c, 'stream'))
  const stateless = async (c: Context, how: 'create' | 'wait' | 'stream') => {
    const body = await bodyOf(c)
    const assistant = assistantFor(c, String(body['assistant_id']), 'xref.stateless.assistant')
    if (!assistant) return refused(c)
    const thread = create(c, randomUUID(), {}, 'none')
    const run = play(c, thread, assistant, body)
    bury(thread)
    return answer(c, thread, run, how)
  }
  app.post('/runs', (c) => stateless(c, 'create'))
  app.post('/runs/wait', (c) => stateless(c, 'wait'))
  app.post('/runs/stream', (c) => stateless(c, 'stream'))
  app.get('/threads/:id/runs', (c) => {
    const thread = threadOf(c, 'run.list')
    return thread ? c.json(thread.runs) : refused(c)
  })
  const runOf = (c: Context, check: string): { thread: Thread; run: Run } | undefined => {
    const thread = threadOf(c, check)
    const among = leaks.has('xref.run.parent') && check === 'run.read' ? [...threads.values()] : thread ? [thread] : []
    const run = among.flatMap(({ runs }) => runs).find(({ run_id }) => run_id === c.req.param('run'))
    return thread && run ? { thread, run } : undefined
  }
  app.get('/threads/:id/runs/:run', (c) => {
    const found = runOf(c, 'run.read')
    return found ? c.json(found.run) : refused(c)
  })
  app.delete('/threads/:id/runs/:run', (c) => {
    const found = runOf(c, 'run.delete')
    if (!found) return refused(c)
    found.thread.runs = found.thread.runs.filter((run) => run !== found.run)
    logs.delete(found.run.run_id)
    return c.body(null, 204)
  })
  app.get('/threads/:id/runs/:run/join', (c) => {
    const found = runOf(c, 'run.join')
    return found ? c.json(found.thread.values) : refused(c)
  })
  app.post('/threads/:id/runs/:run/cancel', (c) => {
    const found = runOf(c, 'run.cancel')
    if (!found) return refused(c)
    found.run.status = 'interrupted'
    found.thread.status = 'idle'
    return c.body(null, 202)
  })
  const replay = (c: Context, log: Log) =>
    log.resumable && c.req.header('last-event-id') === undefined
      ? sse(c, ['end', null])
      : sse(c, ['values', log.values], ['end', null])
  app.get('/threads/:id/runs/:run/stream', (c) => {
    const log = logs.get(c.req.param('run'))
    const thread = threadOf(c, 'stream.thread')
    const stray = log && log.thread !== c.req.param('id')
    const anyParent = leaks.has('stream.parent') && log?.resumable === true && threads.has(log.thread)
    const undelivered = leaks.has('stream.finished') && log?.resumable === false
    if (!thread || !log || (stray && !anyParent && !undelivered)) return refused(c)
    return replay(c, log)
  })
  app.get('/runs/:run/stream', (c) => {
    const log = logs.get(c.req.param('run'))
    if (!log) return refused(c)
    const orphan = !threads.has(log.thread) && leaks.has('delete.replay')
    const byId = leaks.has('stream.run-id') && log.resumable
    return owns(c, log.owner) || orphan || byId ? replay(c, log) : refused(c)
  })

  // assistants
  const assistantView = (assistant: Assistant) => ({
    assistant_id: assistant.assistant_id,
    version: assistant.current + 1,
    ...assistant.versions[assistant.current],
  })
  const assistantOf = (c: Context, check: string): Assistant | undefined => {
    const assistant = assistants.get(c.req.param('id') ?? '')
    return assistant && owns(c, assistant.owner, check) ? assistant : undefined
  }
  app.post('/assistants', async (c) => {
    const body = await bodyOf(c)
    const id = String(body['assistant_id'] ?? randomUUID())
    const existing = assistants.get(id)
    if (existing) {
      const mayHave = body['if_exists'] === 'do_nothing' && owns(c, existing.owner, 'collision.assistant')
      return mayHave ? c.json(assistantView(existing)) : c.json({ detail: 'Assistant already exists' }, 409)
    }
    const metadata = (body['metadata'] ?? {}) as Json
    const claimed = leaks.has('owner.assistant.create') ? metadata['owner'] : undefined
    const owner = typeof claimed === 'string' ? claimed : user(c)
    const { graph_id, name, config = {} } = body
    const assistant: Assistant = {
      assistant_id: id,
      owner,
      versions: [{ graph_id, name, config, metadata: { ...metadata, owner } }],
      current: 0,
    }
    assistants.set(id, assistant)
    return c.json(assistantView(assistant))
  })
  const assistantRows = (c: Context, check: string, body: Json) =>
    [...assistants.values()]
      .filter((assistant) => owns(c, assistant.owner, check))
      .map(assistantView)
      .filter((row) => contains((row as { metadata?: Json }).metadata ?? {}, body['metadata']))
  app.post('/assistants/search', async (c) => c.json(assistantRows(c, 'assistant.search', await bodyOf(c))))
  app.post('/assistants/count', async (c) => c.json(assistantRows(c, 'assistant.count', await bodyOf(c)).length))
  app.get('/assistants/:id', (c) => {
    const assistant = assistantOf(c, 'assistant.read')
    return assistant ? c.json(assistantView(assistant)) : refused(c)
  })
  app.patch('/assistants/:id', async (c) => {
    const assistant = assistantOf(c, 'assistant.update')
    if (!assistant) return refused(c)
    const { metadata, ...rest } = await bodyOf(c)
    const now = assistant.versions[assistant.current] as Json & { metadata: Json }
    const merged = { ...now.metadata, ...(metadata as Json | undefined), owner: assistant.owner }
    assistant.versions.push({ ...now, ...rest, metadata: merged })
    assistant.current = assistant.versions.length - 1
    return c.json(assistantView(assistant))
  })
  app.delete('/assistants/:id', (c) => {
    const assistant = assistantOf(c, 'assistant.delete')
    if (!assistant) return refused(c)
    assistants.delete(assistant.assistant_id)
    const named = [...threads.values()].filter(({ metadata }) => metadata['assistant_id'] === assistant.assistant_id)
    if (c.req.query('delete_threads') === 'true') {
      for (const thread of named) if (owns(c, thread.owner, 'assistant.delete.cascade')) bury(thread)
    }
    return c.body(null, 204)
  })
  app.post('/assistants/:id/versions', (c) => {
    const assistant = assistantOf(c, 'assistant.versions')
    return assistant ? c.json(assistant.versions) : refused(c)
  })
  app.post('/assistants/:id/latest', async (c) => {
    const assistant = assistantOf(c, 'assistant.latest')
    if (!assistant) return refused(c)
    assistant.current = Number((await bodyOf(c))['version']) - 1
    return c.json(assistantView(assistant))
  })

  // store: the first label is the user
  const forbidden = (c: Context) => (options.crash ? refused(c) : c.json({ detail: 'Forbidden' }, 403))
  const mayUse = (c: Context, namespace: readonly string[], check: string) =>
    namespace[0] === user(c) || holed(c, check) || options.open === true
  const same = (a: readonly string[], b: readonly string[]) => a.join('.') === b.join('.')
  const find = (namespace: readonly string[], key: unknown) =>
    items.findIndex((item) => item.key === key && same(item.namespace, namespace))
  app.put('/store/items', async (c) => {
    const { namespace, key, value } = (await bodyOf(c)) as { namespace: string[]; key: string; value: unknown }
    if (!mayUse(c, namespace, 'store.put')) return forbidden(c)
    const found = items[find(namespace, key)]
    if (found) found.value = value
    else items.push({ namespace, key, value })
    return c.body(null, 204)
  })
  app.get('/store/items', (c) => {
    const namespace = (c.req.query('namespace') ?? '').split('.')
    if (!mayUse(c, namespace, 'store.get')) return forbidden(c)
    return c.json(items[find(namespace, c.req.query('key'))] ?? null)
  })
  app.delete('/store/items', async (c) => {
    const { namespace, key } = (await bodyOf(c)) as { namespace: string[]; key: string }
    if (!mayUse(c, namespace, 'store.delete')) return forbidden(c)
    const index = find(namespace, key)
    if (index >= 0) items.splice(index, 1)
    return c.body(null, 204)
  })
  const under = (namespace: readonly string[], prefix: readonly string[]) =>
    prefix.every((label, index) => label === '*' || namespace[index] === label)
  app.post('/store/items/search', async (c) => {
    const { namespace_prefix: prefix = [] } = (await bodyOf(c)) as { namespace_prefix?: string[] }
    if (leaks.has('store.search.wildcard') && prefix[0] === '%') return c.json({ items })
    if (prefix.length === 0 && leaks.has('store.search.empty-prefix')) return c.json({ items })
    if (prefix.length === 0 || !mayUse(c, prefix, 'store.search')) return forbidden(c)
    return c.json({ items: items.filter(({ namespace }) => same(namespace.slice(0, prefix.length), prefix)) })
  })
  app.post('/store/namespaces', async (c) => {
    const body = (await bodyOf(c)) as { prefix?: string[]; suffix?: string[]; max_depth?: number }
    const plain = !body.prefix && !body.suffix && body.max_depth === undefined
    const check = plain ? 'store.namespaces' : 'store.namespaces.match'
    if (!mayUse(c, body.prefix ?? [], check)) return forbidden(c)
    const rows = items.map(({ namespace }) => namespace).filter((namespace) => under(namespace, body.prefix ?? []))
    return c.json({ namespaces: rows.map((row) => row.slice(0, body.max_depth)) })
  })

  if (leaks.has('boundary.internal-routes')) app.post('/internal/truncate', (c) => c.json({ ok: true }))

  const server = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    remaining: () => ({ threads: threads.size, assistants: assistants.size, items: items.length }),
    accidents: () => accidents,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
