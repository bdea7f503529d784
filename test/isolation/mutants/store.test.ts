import { Annotation, StateGraph } from '@langchain/langgraph'
import { describe, expect, it } from 'vitest'
import type { Auth } from '../../../src/engine/auth.js'
import { HTTPException } from '../../../src/engine/http-exception.js'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { DEFAULT_SETTINGS } from '../../../src/runtime/settings.js'
import { prove, route } from '../support/mutant.js'
import { play } from '../support/play.js'
import { authOf, type Call, type Overlay, ownerOnly } from '../support/world.js'

const SEARCH = 'POST /store/items/search'
const LIST = 'POST /store/namespaces'

/** Bob's request, where it fits, is another one of Alice's. */
const instead =
  (pattern: string, fits: (call: Call) => boolean, change: (call: Call) => Parameters<Call['but']>[0]): Overlay =>
  (call, next) =>
    next(call.user === 'user2' && route(pattern)(call) && fits(call) ? call.as('user1').but(change(call)) : call)

const same = () => ({})
const everything = () => ({ json: { namespace_prefix: ['user1'], limit: 1000 } })
const labels = (call: Call): unknown[] => [call.json.namespace_prefix ?? []].flat()
const hers = ({ json: { namespace } }: Call) => Array.isArray(namespace) && namespace[0] === 'user1'
const saysItTwice = ({ text }: Call) => text.split('"namespace"').length > 2
const plain = ({ json: { query, filter } }: Call) => query === undefined && filter === undefined

/** Labels are joined with a colon. */
const joined: Overlay = (call, next) => {
  const { namespace, namespace_prefix } = call.json
  const split = (value: unknown) =>
    Array.isArray(value) ? value.flatMap((label) => (typeof label === 'string' ? label.split(':') : label)) : value
  if (!call.path.startsWith('/store/items') || call.text === '' || saysItTwice(call)) return next(call)
  return next(
    call.but({
      json: {
        ...call.json,
        ...(namespace === undefined ? {} : { namespace: split(namespace) }),
        ...(namespace_prefix === undefined ? {} : { namespace_prefix: split(namespace_prefix) }),
      },
    }),
  )
}

/** What begins with the letters of a prefix is found as well: `more` is how the neighbour goes on. */
const letterByLetter =
  (more: string): Overlay =>
  async (call, next) => {
    const answer = await next(call)
    const prefix = labels(call)
    if (call.user !== 'user2' || !route(SEARCH)(call) || !answer.ok || prefix.length === 0) return answer
    const beside = prefix.with(-1, `${prefix.at(-1)}${more}`)
    // The rules are about the prefix that was asked for, and that was allowed.
    const asked = prefix.length === 1 ? call.as('user1') : call
    const found = await next(asked.but({ json: { ...call.json, namespace_prefix: beside } }))
    const items = async (response: Response) => ((await response.json()) as { items: unknown[] }).items
    return Response.json({ items: [...(await items(answer)), ...(await items(found))] })
  }

/** An agent that keeps what it is told under the name that the request gives. */
const State = Annotation.Root({ messages: Annotation<{ content: string }[]>({ reducer: (a, b) => [...a, ...b] }) })
const forgetful = new StateGraph(State)
  .addNode('answer', async ({ messages }, config) => {
    const said = String(messages.at(-1)?.content)
    const named = (config as { context?: { user_id?: string } }).context?.user_id
    const user = named ?? String(config.configurable?.['langgraph_auth_user_id'])
    if (said.startsWith('Please remember')) await config.store?.put([user, 'memories'], 'latest', { said })
    const known = await config.store?.get([user, 'memories'], 'latest')
    return { messages: [{ content: `I know: ${known?.value['said'] ?? 'nothing'}` }] }
  })
  .addEdge('__start__', 'answer')
  .compile()

prove('store', {
  'store.get': instead('GET /store/items', ({ url }) => /^\?namespace=user1[\w.]+&key=\w+$/.test(url.search), same),
  'store.get.encoding': instead(
    'GET /store/items',
    ({ url }) => url.searchParams.getAll('namespace').length === 2,
    ({ url }) => {
      const { namespace, key } = Object.fromEntries(url.searchParams)
      return { path: `/store/items?namespace=${namespace}&key=${key}` }
    },
  ),
  'store.put': instead('PUT /store/items', (call) => hers(call) && !saysItTwice(call), same),
  'store.put.shape': instead('PUT /store/items', (call) => hers(call) && saysItTwice(call), same),
  'store.delete': instead('DELETE /store/items', hers, same),
  'store.search': instead(SEARCH, (call) => labels(call)[0] === 'user1' && plain(call), same),
  'store.search.empty-prefix': instead(SEARCH, (call) => labels(call).length === 0 && plain(call), everything),
  'store.search.wildcard': instead(SEARCH, (call) => String(labels(call)[0]).includes('%'), everything),
  'store.search.sibling': letterByLetter('-b'),
  'store.search.separator': joined,
  'store.search.filter': instead(
    SEARCH,
    ({ json }) => Object.keys(json.filter ?? {}).some((field) => field.includes("'")),
    everything,
  ),
  'store.search.query': instead(SEARCH, ({ json }) => json.query !== undefined, everything),
  'store.namespaces': instead(
    LIST,
    ({ json }) => !json.prefix && !json.suffix && !json.max_depth,
    () => ({ json: { prefix: ['user1'] } }),
  ),
  'store.namespaces.match': instead(
    LIST,
    ({ json }) => Array.isArray(json.suffix),
    ({ json }) => ({ json: { ...json, prefix: ['user1'] } }),
  ),
  'store.agent-memory': {
    world: {
      graphs: { agent: { load: async () => forgetful } },
      settings: { store: { ...DEFAULT_SETTINGS.store, unscopedInGraphs: true } },
    },
    options: { settings: { optIns: new Set(['agent-memory'] as const) } },
  },
})

const ofStore = CHECKS.filter(({ family }) => family === 'store')
const settings = { optIns: new Set(['agent-memory'] as const) }

/** Threads and the like by owner, and the store by one of the three ways that are honest. */
const POLICIES: Readonly<Record<string, () => Auth>> = {
  'refuses what is not theirs': () => ownerOnly(),
  'puts every namespace under its user': () =>
    ownerOnly().on('store', ({ value, user }) => {
      value.namespace = [user.identity, ...(value.namespace ?? [])]
    }),
  'filters what is found by who put it': () =>
    ownerOnly()
      .on('store', ({ user }) => ({ owner: user.identity }))
      .on('store:put', ({ value, user }) => {
        value.value = { ...value.value, owner: user.identity }
        return { owner: user.identity }
      }),
}

describe('a store whose policy is honest', () => {
  it.each(Object.entries(POLICIES))('and %s is called isolated by every check', async (_, policy) => {
    const played = await play({ auth: policy() }, { checks: ofStore })
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')
    expect(open).toEqual([['store.agent-memory@bob', 'skipped']])
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.remaining.items).toBe(0)
  })

  it('is isolated where its rules hold for graphs as well', async () => {
    const checks = ofStore.filter(({ id }) => id === 'store.agent-memory')
    const { verdicts } = await play({ graphs: { agent: { load: async () => forgetful } } }, { checks, settings })
    expect(verdicts.get('store.agent-memory@bob')).toBe('isolated')
  })

  it('is not tried for memories where the agent has none', async () => {
    const checks = ofStore.filter(({ id }) => id === 'store.agent-memory')
    const { verdicts } = await play({}, { checks, settings })
    expect(verdicts.get('store.agent-memory@bob')).toBe('skipped')
  })
})

describe('store.search.sibling', () => {
  const checks = ofStore.filter(({ id }) => id === 'store.search.sibling')
  const severities = async (world: Parameters<typeof play>[0]) => {
    const { events } = await play(world, { checks })
    return events.flatMap((event) => (event.kind === 'checked' ? [event.result.check.severity] : []))
  }

  it('is worse where it is another user that is found', async () => {
    expect(await severities({ overlay: letterByLetter('-b') })).toEqual(['medium'])
    const alike = ownerOnly(authOf({ user1: 'user20', user2: 'user2' })).on('store', ({ value, user }) => {
      const [first] = value.namespace ?? []
      if (first !== user.identity && first !== 'user1') throw new HTTPException(403)
    })
    expect(await severities({ auth: alike, overlay: letterByLetter('0') })).toEqual(['high'])
  })
})
