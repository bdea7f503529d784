import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import fc from 'fast-check'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine } from '../../src/engine/engine.js'
import { ALL_EVENTS, type AuthEvent } from '../../src/engine/events.js'
import { type Filter, matches } from '../../src/engine/filter.js'
import { type AuthRules, coverage, rulesFrom } from '../../src/engine/rules.js'
import { createTrace } from '../../src/engine/trace.js'
import { adaptTemplate, listTemplates } from '../../src/scaffold/templates.js'
import { problemsIn } from '../support/type-check.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const templates = await listTemplates(join(repository, 'templates'))

describe('type-check, in the strictest settings', () => {
  const all = (fromSdk: boolean) =>
    Object.fromEntries(
      templates.map((template) => [
        `${template.name}.check.ts`,
        adaptTemplate(template, { fromSdk, exportName: 'auth' }),
      ]),
    )

  it.each([
    ['with Auth from authkit', false, {}],
    ['with Auth from the SDK', true, {}],
    [
      'with Auth from SDK 2.0.0',
      true,
      { '@langchain/langgraph-sdk/auth': ['./node_modules/langgraph-sdk-2/dist/auth/index.d.ts'] },
    ],
  ])('%s', (_, fromSdk, paths) => {
    expect(problemsIn(all(fromSdk), paths)).toEqual([])
  })

  it('would find a mistake', () => {
    const [template] = templates
    const source = adaptTemplate(template as never, { fromSdk: true, exportName: 'auth' }).replaceAll(
      'user.identity',
      'user.id',
    )
    expect(problemsIn({ 'mistake.check.ts': source })).toContainEqual(
      expect.stringContaining("Property 'id' does not exist"),
    )
  })

  it.each([
    ['auth-ts', 4],
    ['oidc', 10],
    ['providers', 16],
  ])('so do the examples of docs/%s.md', async (name, least) => {
    const page = await readFile(join(repository, `docs/${name}.md`), 'utf8')
    const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string)
    expect(blocks.length).toBeGreaterThanOrEqual(least)
    const files = Object.fromEntries(blocks.map((code, index) => [`docs/example-${index}.check.ts`, code]))
    expect(problemsIn(files)).toEqual([])
  })
})

/** What templates for real users ask their environment for. */
const PROVIDER = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_AUDIENCE: 'https://agent.example.com',
  ENTRA_TENANTS: '00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002',
  ENTRA_AUDIENCE: '00000000-0000-0000-0000-000000000003',
  GITHUB_CLIENT_ID: 'Ov23liOurs',
  GITHUB_CLIENT_SECRET: 'a-secret-of-the-test',
}

beforeEach(() => {
  for (const [name, value] of Object.entries(PROVIDER)) vi.stubEnv(name, value)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** The rules of one template, as it is written into a project with or without LangGraph's SDK. */
async function rulesOf(name: string, fromSdk = false): Promise<AuthRules> {
  const template = templates.find((one) => one.name === name)
  const { outputText } = ts.transpileModule(adaptTemplate(template as never, { fromSdk, exportName: 'auth' }), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  })
  const modules: Record<string, unknown> = {
    authkit: await import('authkit'),
    '@langchain/langgraph-sdk/auth': await import('@langchain/langgraph-sdk/auth'),
  }
  const exported: { auth?: unknown } = {}
  compileFunction(outputText, ['require', 'exports'])((module: string) => modules[module], exported)
  return rulesFrom(exported.auth)
}

const ALICE = { identity: 'user1', display_name: 'Alice' }
const BOB = { identity: 'user2', display_name: 'Bob' }

interface Outcome {
  /** Undefined where the event was refused. */
  readonly filter: Filter | undefined
  readonly refused: number | undefined
  readonly value: Record<string, unknown>
  readonly changes: readonly string[]
}

async function ask(
  rules: AuthRules,
  who: typeof ALICE,
  event: AuthEvent,
  value: object,
  permissions = EVERYTHING,
): Promise<Outcome> {
  const trace = createTrace('test')
  const user = { ...who, permissions, is_authenticated: true }
  const caller = createEngine({ rules }).callerFor(user, trace)
  const outcome = await caller.authorize(event, value as never).then(
    ({ scope }) => ({ filter: scope.filter, refused: undefined }),
    (error: { status: number }) => ({ filter: undefined, refused: error.status }),
  )
  return { ...outcome, value: value as Record<string, unknown>, changes: trace.events[0]?.changes ?? [] }
}

const READ_ONLY = ['threads:read', 'assistants:read', 'crons:read', 'store:read']
const EVERYTHING = [...READ_ONLY, 'threads:write', 'assistants:write', 'crons:write', 'store:write']

const STAMPED = ALL_EVENTS.filter((event) => /:(create|create_run|update)$/.test(event))
const FILTERED = ALL_EVENTS.filter((event) => !event.startsWith('store:'))
const STORE = ALL_EVENTS.filter((event) => event.startsWith('store:'))

describe.each(templates.map((template) => template.name))('%s', (name) => {
  describe.each([
    ['from authkit', false],
    ['from the SDK', true],
  ])('%s', (_, fromSdk) => {
    let rules: AuthRules

    beforeEach(async () => {
      rules ??= await rulesOf(name, fromSdk)
    })

    it('covers all 21 events, and refuses what is unknown, or leaves it to authkit dev to name', async () => {
      expect(coverage(rules).filter(({ handler }) => handler === undefined)).toEqual([])
      expect(ALL_EVENTS).toHaveLength(21)
      // The default template has no catch-all, so that a handler that is taken out shows as UNPROTECTED.
      const fallback = rules.handlers.get('*')
      expect(name === 'owner-only' ? fallback : await fallback?.({} as never)).toBe(
        name === 'owner-only' ? undefined : false,
      )
    })

    it('refuses its own placeholder tokens here, outside authkit dev', async () => {
      const request = new Request('http://localhost', { headers: { authorization: 'Bearer user1-token' } })
      await expect(rules.authenticate?.(request)).rejects.toMatchObject({ status: 401 })
    })

    const claims = fc.constantFrom<unknown>('user1', null, '', ['user1', 'user2'], { $eq: 'user1' }, 7, true)
    const metadata = fc.oneof(
      fc.constantFrom(undefined, null, {}),
      fc.record(
        { owner: claims, readers: fc.constantFrom(['user1'], ['user2', 'user1']), topic: fc.string() },
        { requiredKeys: [] },
      ),
    )

    it.each(STAMPED)(
      '%s stamps the caller as owner, over whatever was claimed, and touches nothing else',
      async (event) => {
        await fc.assert(
          fc.asyncProperty(metadata, async (given) => {
            const value = { thread_id: 'T', ...(given === undefined ? {} : { metadata: given && { ...given } }) }
            const { refused, changes, ...outcome } = await ask(rules, BOB, event, value)
            const stored = outcome.value['metadata'] as Record<string, unknown>
            expect(refused).toBeUndefined()
            expect(stored).toMatchObject({
              ...given,
              owner: 'user2',
              ...('readers' in stored ? { readers: stored['readers'] } : {}),
            })
            expect(changes.filter((path) => !['metadata.owner', 'metadata.readers'].includes(path))).toEqual([])
            // What LangGraph Platform does with a value: metadata that was an object is merged, and JSON carries it.
            expect(JSON.parse(JSON.stringify(stored))).toEqual(stored)
          }),
          { numRuns: 50 },
        )
      },
    )

    it.each(FILTERED)('%s reaches the own and never what belongs to another', async (event) => {
      const created = async (who: typeof ALICE) => {
        const { value } = await ask(rules, who, `${event.split(':')[0]}:create` as AuthEvent, {
          metadata: { topic: 'x' },
        })
        return value['metadata'] as Record<string, unknown>
      }
      const { filter, refused } = await ask(rules, BOB, event, { metadata: { owner: 'user1' } })
      expect(refused).toBeUndefined()
      expect(filter && matches(filter, await created(BOB))).toBe(true)
      expect(filter && matches(filter, await created(ALICE))).toBe(false)
      for (const others of [{}, { owner: null }, { owner: '' }, { owner: ['user2'] }, { created_by: 'system' }]) {
        expect(filter && matches(filter, others)).toBe(false)
      }
    })

    it.each(['threads:search', 'assistants:search', 'crons:search'] as const)(
      '%s leaves the question as it is',
      async (event) => {
        expect((await ask(rules, BOB, event, { metadata: { owner: 'user1' } })).changes).toEqual([])
      },
    )

    it.each(STORE)('%s stays in the namespace of the caller', async (event) => {
      const item = { key: 'k', value: {} }
      for (const namespace of [['user2'], ['user2', 'notes']]) {
        expect(await ask(rules, BOB, event, { ...item, namespace })).toMatchObject({ refused: undefined, changes: [] })
      }
      const foreign = [
        undefined,
        null,
        [],
        ['user1'],
        ['user1', 'user2'],
        ['*'],
        ['user22'],
        ['user'],
        [''],
        ['USER2'],
        ['notes', 'user2'],
      ]
      for (const namespace of foreign) expect((await ask(rules, BOB, event, { ...item, namespace })).refused).toBe(403)
      // list_namespaces by suffix or depth alone carries no namespace at all.
      expect((await ask(rules, BOB, event, { ...item, suffix: ['user2'], max_depth: 1 })).refused).toBe(403)
    })

    it('returns only filters that every LangGraph server understands', async () => {
      const handlers = [...rules.handlers].filter(([key]) => key !== '*' && !key.startsWith('store'))
      for (const [key, handler] of handlers) {
        const [resource, action = 'read'] = key.split(':')
        const user = { ...BOB, permissions: EVERYTHING }
        const filter = await handler({
          event: key,
          resource,
          action,
          value: {},
          user,
          permissions: EVERYTHING,
        } as never)
        // Not every server knows $or, or what to make of falsy operands and lists.
        expect([{ owner: 'user2' }, { readers: { $contains: 'user2' } }]).toContainEqual(filter)
      }
    })
  })
})

describe('permissions', () => {
  it.each(ALL_EVENTS)('%s needs its permission', async (event) => {
    const rules = await rulesOf('permissions')
    const [resource, action = ''] = event.split(':')
    const needed = `${resource}:${['read', 'search', 'get', 'list_namespaces'].includes(action) ? 'read' : 'write'}`
    const value = () => ({ namespace: ['user2'], key: 'k', value: {} })
    const others = EVERYTHING.filter((permission) => permission !== needed)
    expect((await ask(rules, BOB, event, value(), [needed])).refused).toBeUndefined()
    for (const held of [[], others, [`${needed}x`], [needed.toUpperCase()], ['*']]) {
      expect((await ask(rules, BOB, event, value(), held)).refused).toBe(403)
    }
  })
})

describe('shared-threads', () => {
  const CAROL = { identity: 'user3', display_name: 'Carol' }
  const shared = { owner: 'user1', readers: ['user1', 'user2'] }
  const verdicts = async (who: typeof ALICE) => {
    const rules = await rulesOf('shared-threads')
    const events = ALL_EVENTS.filter((event) => event.startsWith('threads:'))
    const outcomes = await Promise.all(events.map((event) => ask(rules, who, event, { thread_id: 'T' })))
    return events.filter((_, index) => {
      const { filter } = outcomes[index] as Outcome
      return filter !== undefined && matches(filter, shared)
    })
  }

  it('a reader reads, the owner does everything, others do nothing', async () => {
    expect(await verdicts(BOB)).toEqual(['threads:read', 'threads:search'])
    expect(await verdicts(ALICE)).toHaveLength(6)
    expect(await verdicts(CAROL)).toEqual([])
  })

  it.each([
    ['names others', { readers: ['user2', 'user2'] }, ['user1', 'user2']],
    ['takes everything back', { readers: [] }, ['user1']],
    ['says nothing about readers', { topic: 'x' }, undefined],
  ])('an update that %s', async (_, metadata, readers) => {
    const { value } = await ask(await rulesOf('shared-threads'), ALICE, 'threads:update', { thread_id: 'T', metadata })
    expect((value['metadata'] as Record<string, unknown>)['readers']).toEqual(readers)
  })

  it.each([[null], ['user2'], [{ 0: 'user2' }], [['user2', 7]], [[['user2']]]])(
    'refuses the readers %j',
    async (readers) => {
      const outcome = await ask(await rulesOf('shared-threads'), ALICE, 'threads:update', { metadata: { readers } })
      expect(outcome.refused).toBe(403)
    },
  )

  it('a copy is private to whoever made it', async () => {
    const copy = { thread_id: 'T2', metadata: { ...shared, thread_id: 'T2' } }
    const { value } = await ask(await rulesOf('shared-threads'), BOB, 'threads:create', copy)
    expect(value['metadata']).toEqual({ owner: 'user2', readers: ['user2'], thread_id: 'T2' })
  })
})

describe('without a provider, outside authkit dev', () => {
  it.each([
    ['oidc', /OIDC_ISSUER, set that one, and OIDC_AUDIENCE/, 'OIDC_ISSUER', /name an audience/],
    ['keycloak', /OIDC_ISSUER, set that one, and OIDC_AUDIENCE/, 'OIDC_ISSUER', /name an audience/],
    ['entra', /name your tenants/, 'ENTRA_AUDIENCE', /name your tenants/],
    ['github', /GITHUB_CLIENT_ID, set those/, 'GITHUB_CLIENT_ID', /both clientId and clientSecret/],
  ] as const)('%s says what to set, and does not load', async (name, sentence, half, rest) => {
    for (const variable of Object.keys(PROVIDER)) vi.stubEnv(variable, undefined)
    await expect(rulesOf(name)).rejects.toThrow(sentence)
    vi.stubEnv(half, PROVIDER[half])
    await expect(rulesOf(name)).rejects.toThrow(rest)
  })

  it('is what the others need not', async () => {
    for (const variable of Object.keys(PROVIDER)) vi.stubEnv(variable, undefined)
    const refused = await Promise.all(
      templates.map(({ name }) =>
        rulesOf(name).then(
          () => [],
          () => [name],
        ),
      ),
    )
    expect(refused.flat().sort()).toEqual(['entra', 'github', 'keycloak', 'oidc'])
  })
})

it('every template is named in docs/auth-ts.md', async () => {
  const page = await readFile(join(repository, 'docs/auth-ts.md'), 'utf8')
  const files = await readdir(join(repository, 'templates'))
  expect(files).toHaveLength(templates.length)
  for (const { name } of templates) expect(page).toContain(`\`${name}\``)
})
