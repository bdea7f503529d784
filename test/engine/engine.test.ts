import { AssertionError } from 'node:assert'
import { Auth as SdkAuth, HTTPException as SdkException } from '@langchain/langgraph-sdk/auth'
import { Auth as OldSdkAuth, HTTPException as OldSdkException } from 'langgraph-sdk-2/auth'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Caller, createEngine, type EngineOptions } from '../../src/engine/engine.js'
import { ALL_EVENTS, type AuthEvent } from '../../src/engine/events.js'
import { coverage, rulesFrom } from '../../src/engine/rules.js'
import { createTrace } from '../../src/engine/trace.js'
import { Auth, HTTPException, isStudioUser } from '../../src/index.js'

const request = (headers: Record<string, string> = {}) => new Request('http://localhost/threads', { headers })

function engineOf(auth: unknown, options: Omit<EngineOptions, 'rules'> = {}) {
  return createEngine({ rules: rulesFrom(auth), ...options })
}

function callerOf(auth: unknown, options?: Omit<EngineOptions, 'rules'>): Promise<Caller> {
  return engineOf(auth, options).authenticate(request(), createTrace('r'))
}

/** The outcome of one event under one handler. */
async function outcome(handler: (parameter: never) => unknown, event: AuthEvent = 'threads:read', value: object = {}) {
  const auth = new Auth().authenticate(() => 'u1').on('*', handler as never)
  const caller = await callerOf(auth)
  return caller.authorize(event, value as never)
}

describe('authenticate', () => {
  it.each<[string, unknown, Record<string, unknown>]>([
    ['a string', 'u1', { identity: 'u1', display_name: 'u1', permissions: [], is_authenticated: true }],
    [
      'an object with its own fields',
      { identity: 'u1', permissions: ['a'], org: 'o1', display_name: 'Alice' },
      { identity: 'u1', permissions: ['a'], org: 'o1', display_name: 'Alice', is_authenticated: true },
    ],
    ['a promise', Promise.resolve('u1'), { identity: 'u1' }],
    ['permissions that are no list', { identity: 'u1', permissions: 'admin' }, { permissions: [] }],
  ])('takes %s', async (_, returned, user) => {
    const caller = await callerOf(new Auth().authenticate(() => returned as never))
    expect(caller.user).toMatchObject(user)
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a list', ['u1']],
    ['an object without identity', { permissions: [] }],
    ['an empty identity', { identity: '' }],
    ['a blank identity', '  '],
    ['an identity that is no string', { identity: 7 }],
    ['the Studio identity', 'langgraph-studio-user'],
    ['the Studio kind', { identity: 'u1', kind: 'StudioUser' }],
    ['is_authenticated: false', { identity: 'u1', is_authenticated: false }],
  ])('refuses %s with 401', async (_, returned) => {
    await expect(callerOf(new Auth().authenticate(() => returned as never))).rejects.toMatchObject({
      status: 401,
      message: 'Unauthorized',
    })
  })

  it.each<[string, unknown, object]>([
    [
      'HTTPException',
      new HTTPException(418, { message: 'teapot', headers: { 'x-a': 'b' } }),
      { status: 418, message: 'teapot', headers: { 'x-a': 'b' } },
    ],
    ["the SDK's HTTPException", new SdkException(402), { status: 402, message: 'Payment Required' }],
    ["the older SDK's HTTPException", new OldSdkException(401, { message: 'who?' }), { status: 401, message: 'who?' }],
    ['a Response', new Response(null, { status: 403 }), { status: 403, message: 'Unauthorized' }],
    ['an error, without its message', new Error('token abc123 expired'), { status: 401, message: 'Unauthorized' }],
    [
      'an HTTPException with a status that is no refusal',
      new HTTPException(200),
      { status: 401, message: 'Unauthorized' },
    ],
    ['a string', 'no', { status: 401, message: 'Unauthorized' }],
    ['undefined', undefined, { status: 401 }],
  ])('turns a thrown %s into its answer', async (_, thrown, answer) => {
    const auth = new Auth().authenticate(() => {
      throw thrown
    })
    await expect(callerOf(auth)).rejects.toMatchObject(answer)
  })

  it('lets the Studio header in only where it was turned on', async () => {
    const auth = new Auth().authenticate(() => {
      throw new HTTPException(401)
    })
    const header = { 'x-auth-scheme': 'langsmith' }
    await expect(engineOf(auth).authenticate(request(header), createTrace('r'))).rejects.toMatchObject({ status: 401 })
    const caller = await engineOf(auth, { studio: true }).authenticate(request(header), createTrace('r'))
    expect(caller.user && isStudioUser(caller.user)).toBe(true)
    // One request's handlers may not change who the next one is.
    caller.user?.permissions.push('admin')
    const next = await engineOf(auth, { studio: true }).authenticate(request(header), createTrace('r'))
    expect(next.user?.permissions).toEqual([])
    await expect(engineOf(auth, { studio: true }).authenticate(request(), createTrace('r'))).rejects.toMatchObject({
      status: 401,
    })
  })
})

describe('rulesFrom', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'auth_export_invalid'],
    ['a function', () => 'u1', 'auth_export_invalid'],
    ['an Auth without authenticate', new Auth().on('*', () => true), 'auth_no_authenticate'],
    ['a handler that is no function', new Auth().authenticate(() => 'u').on('*', 'x' as never), 'auth_export_invalid'],
    [
      'a misspelt event',
      new Auth().authenticate(() => 'u').on('threads:craete' as never, () => true),
      'auth_unknown_event',
    ],
    ['a runs resource', new Auth().authenticate(() => 'u').on('runs' as never, () => true), 'auth_unknown_event'],
  ])('refuses %s', (_, exported, code) => {
    expect(() => rulesFrom(exported)).toThrow(expect.objectContaining({ code }))
  })

  it('names the nearest key', () => {
    const auth = new Auth().authenticate(() => 'u').on('thread:craete' as never, () => true)
    expect(() => rulesFrom(auth)).toThrow('Did you mean "threads:create"?')
  })

  it.each<[string, () => unknown]>([
    ['1.15.0', () => new SdkAuth().authenticate(() => 'u1').on('threads', () => ({ owner: 'u1' }))],
    ['2.0.0', () => new OldSdkAuth().authenticate(() => 'u1').on('threads', () => ({ owner: 'u1' }))],
  ])('takes an Auth of @langchain/langgraph-sdk %s', async (_, make) => {
    const auth = make()
    const { scope } = await (await callerOf(auth)).authorize('threads:read', {})
    expect(scope.filter).toEqual({ kind: 'equals', key: 'owner', value: 'u1' })
  })

  it("has the runtime shape of the SDK's Auth", () => {
    const fill = (auth: Auth) => auth.authenticate(() => 'u1').on(['threads', '*:search'], () => true)['~handlerCache']
    const [ours, theirs] = [fill(new Auth()), fill(new SdkAuth() as never)]
    expect(Object.keys(ours)).toEqual(Object.keys(theirs))
    expect(Object.keys(ours.callbacks ?? {})).toEqual(Object.keys(theirs.callbacks ?? {}))
  })
})

describe('handlers', () => {
  it.each<[AuthEvent, string]>([
    ['threads:create', 'threads:create'],
    ['threads:read', 'threads'],
    ['assistants:create', '*:create'],
    ['assistants:read', '*'],
  ])('%s is decided by %s alone', async (event, expected) => {
    const auth = new Auth().authenticate(() => 'u1')
    const ran: string[] = []
    for (const key of ['*', '*:create', 'threads', 'threads:create'] as const) auth.on(key, () => void ran.push(key))
    await (await callerOf(auth)).authorize(event, {} as never)
    expect(ran).toEqual([expected])
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
  ])('that return %s allow everything', async (_, returned) => {
    const { scope } = await outcome(() => returned)
    expect(scope.filter).toBeUndefined()
  })

  it('that return false refuse with 403', async () => {
    await expect(outcome(() => false)).rejects.toMatchObject({ status: 403, message: 'Forbidden' })
  })

  it.each<[string, unknown]>([
    ['0', 0],
    ['1', 1],
    ['the empty string', ''],
    ['"1"', '1'],
    ['[1]', [1]],
    ['a function', () => true],
    ['{}', {}],
  ])('that return %s have a bug: 500', async (_, returned) => {
    await expect(outcome(() => returned)).rejects.toMatchObject({ status: 500, code: 'filter_invalid' })
  })

  it.each<[string, unknown, object]>([
    ['HTTPException', new HTTPException(404, { message: 'nope' }), { status: 404, message: 'nope' }],
    ['AssertionError', new AssertionError({ message: 'no' }), { status: 403, message: 'Forbidden' }],
    ['error', new Error('secret'), { status: 500, message: 'Internal Server Error' }],
    ['string', 'secret', { status: 500, message: 'Internal Server Error' }],
  ])('that throw an %s', async (_, thrown, answer) => {
    const throwing = () => {
      throw thrown
    }
    await expect(outcome(throwing)).rejects.toMatchObject(answer)
    await expect(outcome(() => Promise.reject(thrown))).rejects.toMatchObject(answer)
  })

  it('get the event, its parts, the user and the permissions', async () => {
    const auth = new Auth().authenticate(() => ({ identity: 'u1', permissions: ['p'], org: 'o' }))
    let seen: unknown
    auth.on('threads:create_run', (parameter) => {
      seen = parameter
    })
    const caller = await callerOf(auth)
    await caller.authorize('threads:create_run', { assistant_id: 'a', run_id: 'r', status: 'pending', kwargs: {} })
    expect(seen).toMatchObject({
      event: 'threads:create_run',
      resource: 'threads',
      action: 'create_run',
      user: { identity: 'u1', org: 'o' },
      permissions: ['p'],
      value: { assistant_id: 'a' },
    })
  })

  it('that are missing leave an event open, and say so; --strict closes it', async () => {
    const auth = new Auth().authenticate(() => 'u1').on('threads', () => true)
    const open = await (await callerOf(auth)).authorize('store:get', { namespace: ['a'], key: 'k' })
    expect(open.scope.reason).toContain('UNPROTECTED')
    const strict = await callerOf(auth, { strict: true })
    await expect(strict.authorize('store:get', { namespace: ['a'], key: 'k' })).rejects.toMatchObject({ status: 403 })
    expect(coverage(rulesFrom(auth)).filter(({ handler }) => !handler)).toHaveLength(15)
    expect(ALL_EVENTS).toHaveLength(21)
  })

  it('refuse everything to a caller who is nobody', async () => {
    const auth = new Auth().authenticate(() => 'u1').on('*', () => true)
    const nobody = engineOf(auth).callerFor(undefined, createTrace('r'))
    await expect(nobody.authorize('threads:read', {})).rejects.toMatchObject({ status: 403 })
  })

  it('are not asked under --no-auth', async () => {
    const caller = await createEngine({ rules: undefined }).authenticate(request(), createTrace('r'))
    expect(caller.user).toBeUndefined()
    expect((await caller.authorize('threads:read', {})).scope.reason).toContain('--no-auth')
  })
})

describe('value', () => {
  it('comes back as the handler left it, changed in place or replaced', async () => {
    const inPlace = await outcome(
      ({ value }: { value: { metadata: Record<string, unknown> } }) => {
        value.metadata['owner'] = 'u1'
      },
      'threads:create',
      { metadata: { a: 1 } },
    )
    expect(inPlace.value).toEqual({ metadata: { a: 1, owner: 'u1' } })
    const replaced = await outcome(
      ({ value }: { value: Record<string, unknown> }) => {
        value['namespace'] = ['u1', 'x']
      },
      'store:get',
      { namespace: ['x'], key: 'k' },
    )
    expect(replaced.value).toEqual({ namespace: ['u1', 'x'], key: 'k' })
  })

  it.each<[string, AuthEvent, object, (value: never) => unknown]>([
    ['metadata that is a string', 'threads:create', {}, (value: { metadata: unknown }) => (value.metadata = 'x')],
    [
      'an owner that is undefined',
      'threads:create',
      { metadata: {} },
      (value: { metadata: { owner: unknown } }) => (value.metadata.owner = undefined),
    ],
    [
      'metadata with NaN',
      'threads:create',
      { metadata: {} },
      (value: { metadata: { n: unknown } }) => (value.metadata.n = Number.NaN),
    ],
    [
      'metadata with a date',
      'threads:create',
      { metadata: {} },
      (value: { metadata: { at: unknown } }) => (value.metadata.at = new Date()),
    ],
    [
      'a namespace that is a string',
      'store:get',
      { namespace: ['a'], key: 'k' },
      (value: { namespace: unknown }) => (value.namespace = 'u1'),
    ],
    [
      'an empty label',
      'store:get',
      { namespace: ['a'], key: 'k' },
      (value: { namespace: unknown }) => (value.namespace = ['']),
    ],
    [
      'an undefined label',
      'store:search',
      { namespace: [] },
      (value: { namespace: unknown }) => (value.namespace = [undefined]),
    ],
    [
      'no namespace to put to',
      'store:put',
      { namespace: ['a'], key: 'k', value: {} },
      (value: { namespace: unknown }) => (value.namespace = []),
    ],
    [
      'an empty key',
      'store:put',
      { namespace: ['a'], key: 'k', value: {} },
      (value: { key: unknown }) => (value.key = ''),
    ],
    [
      'an item that is a list',
      'store:put',
      { namespace: ['a'], key: 'k', value: {} },
      (value: { value: unknown }) => (value.value = []),
    ],
    ['a negative limit', 'store:search', { namespace: [] }, (value: { limit: unknown }) => (value.limit = -1)],
  ])('is refused with %s', async (_, event, value, change) => {
    const handler = ({ value: given }: { value: never }) => void change(given)
    await expect(outcome(handler as never, event, value)).rejects.toMatchObject({ code: 'value_invalid', status: 500 })
  })
})

describe('the trace', () => {
  it('says who, which handler, what it decided and what it changed', async () => {
    const auth = new Auth()
      .authenticate(() => ({ identity: 'u1', display_name: 'Alice' }))
      .on('threads', ({ value }) => {
        ;(value as { metadata?: Record<string, unknown> }).metadata = { owner: 'u1' }
        return { owner: 'u1' }
      })
    const trace = createTrace('r')
    const caller = await engineOf(auth).authenticate(request(), trace)
    await caller.authorize('threads:create', { thread_id: 't' })
    expect(trace).toMatchObject({
      identity: 'u1',
      displayName: 'Alice',
      events: [
        {
          event: 'threads:create',
          handler: 'threads',
          changes: ['metadata.owner'],
          decision: { kind: 'only', filter: { kind: 'equals', key: 'owner', value: 'u1' } },
        },
      ],
    })
    expect(trace.authenticateMs).toBeGreaterThanOrEqual(0)
  })

  it('keeps the reason of a failure that the client is not told', async () => {
    const auth = new Auth()
      .authenticate(() => 'u1')
      .on('*', () => {
        throw new TypeError('cannot read owner')
      })
    const trace = createTrace('r')
    const caller = await engineOf(auth).authenticate(request(), trace)
    await expect(caller.authorize('threads:read', {})).rejects.toMatchObject({ code: 'handler_failed' })
    expect(trace.problem).toBe('*: TypeError: cannot read owner')
    expect(trace.events[0]).toMatchObject({ handler: '*', decision: undefined })
  })
})

it('types what handlers get', () => {
  new Auth()
    .authenticate(() => ({ identity: 'u1', permissions: [] as string[], org: 7 }))
    .on('threads:create', ({ value, user, event }) => {
      expectTypeOf(value.thread_id).toEqualTypeOf<string | null | undefined>()
      expectTypeOf(user.org).toEqualTypeOf<number>()
      expectTypeOf(user.display_name).toEqualTypeOf<string>()
      expectTypeOf(event).toEqualTypeOf<'threads:create'>()
    })
    .on('store', (parameter) => {
      if (parameter.event === 'store:put') expectTypeOf(parameter.value.namespace).toEqualTypeOf<string[]>()
    })
    .on(['assistants:read', 'crons:read'], ({ event }) => {
      expectTypeOf(event).toEqualTypeOf<'assistants:read' | 'crons:read'>()
    })
    .on('*:list_namespaces', ({ event }) => {
      expectTypeOf(event).toEqualTypeOf<'store:list_namespaces'>()
    })
    // @ts-expect-error there is no such event
    .on('threads:craete', () => true)
})
