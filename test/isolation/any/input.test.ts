import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAny } from '../../../src/isolation/any/open.js'
import { playAny, verdictsOf } from './support/play.js'
import { entry, fileOf, record } from './support/recorder.js'
import { SHOP_SPEC, SHOP_TOKENS, type Shop, startShop } from './support/shop.js'

let shop: Shop
beforeAll(async () => {
  shop = await startShop()
})
afterAll(() => shop.close())

const har = (...entries: object[]) => fileOf({ log: { entries } })
const url = 'http://127.0.0.1:9'
const open = (files: Parameters<typeof openAny>[0] | object) =>
  openAny({ tokens: { alice: 'token-of-alice', bob: 'token-of-bob' }, env: {}, ...files })

describe('files that are broken', () => {
  it.each<[string, () => object, string]>([
    ['a HAR that is not there', () => ({ har: '/nowhere/alice.har' }), 'alice.har does not exist.'],
    ['a folder', () => ({ har: '/tmp' }), 'tmp is a folder.'],
    ['an empty file', () => ({ har: fileOf('') }), 'recorded.har is no JSON.'],
    ['half a file', () => ({ har: fileOf('{"log":{"entries":[') }), 'recorded.har is no JSON.'],
    ['something else', () => ({ har: fileOf([1]) }), 'recorded.har is no HAR: it has no log.entries.'],
    ['a HAR without requests', () => ({ har: har() }), 'The recording is empty.'],
    ['a hostile name', () => ({ har: '/nowhere/\u001b[2J\nevil.har' }), '?[2J?evil.har does not exist.'],
    [
      'a recording of somewhere else',
      () => ({ har: har(entry({ url: 'https://elsewhere.example/me' })) }),
      `The recording has no request to ${url}.`,
    ],
    ['only a sign-out', () => ({ har: har(entry({ url: `${url}/logout` })) }), 'No request is left that can be tried.'],
    [
      'Swagger 2.0',
      () => ({ openapi: fileOf({ swagger: '2.0', paths: {} }, 'api.json') }),
      'api.json is Swagger 2.0, not OpenAPI 3.',
    ],
    [
      'a description of nothing',
      () => ({ openapi: fileOf({ openapi: '3.1.0' }, 'api.json') }),
      'api.json describes no operation.',
    ],
    ['broken YAML', () => ({ openapi: fileOf('a: [1', 'api.yaml') }), 'api.yaml is neither JSON nor YAML.'],
    ['a text', () => ({ openapi: fileOf('hello', 'api.yaml') }), 'api.yaml is not OpenAPI 3.'],
    [
      'paths that are a list',
      () => ({ openapi: fileOf({ openapi: '3.0.0', paths: 7 }, 'api.json') }),
      'api.json is not valid OpenAPI at paths.',
    ],
    [
      'a description without a server, and no --url',
      () => ({ url: undefined, openapi: fileOf(SHOP_SPEC, 'api.json') }),
      'Nothing says where the API is: there is no --url, and no server in the specification.',
    ],
    [
      'a key that the config does not have',
      () => ({ config: fileOf({ sharde: [] }, 'c.json') }),
      'c.json has an unknown key "sharde".',
    ],
    [
      'a token in the config',
      () => ({ config: fileOf({ credentials: { alice: { authorization: 'Bearer abc' }, bob: {} } }, 'c.json') }),
      'c.json: credentials.alice.authorization names no environment variable, such as "Bearer $ALICE_TOKEN".',
    ],
    [
      'a credential that the environment does not have',
      () => ({
        har: har(entry({ url: `${url}/me` })),
        config: fileOf({ credentials: { alice: { cookie: 's=$SHOP_A' }, bob: { cookie: 's=$SHOP_B' } } }, 'c.json'),
      }),
      'The environment has no SHOP_A, which the config names for alice.',
    ],
  ])('%s ends with one sentence', (_, files, message) => {
    expect(() => open({ url, ...files() })).toThrow(expect.objectContaining({ code: 'usage', message }))
  })
})

describe('a recording', () => {
  it('leaves out what is none of the target, and counts it', () => {
    const { input } = open({
      url,
      har: har(
        entry({ url: `${url}/orders/17` }),
        entry({ url: 'https://cdn.example/x' }),
        entry({ url: 'ws://127.0.0.1:9/live', status: 101 }),
        entry({ url: 'data:text/plain,hello' }),
        entry({ url: 'no url' }),
        entry({ method: 'POST', url: `${url}/upload`, text: 'GIF\u0000\u0001' }),
        entry({ url: `${url}/logout` }),
        entry({ url: `${url}/gone`, status: 404 }),
        { nonsense: true },
      ),
    })
    expect(input.alice.map(({ route }) => route)).toEqual(['GET /orders/{id}'])
    expect(input.notes.toSorted()).toEqual([
      '1 left out: binary body',
      '1 left out: failed when they were recorded',
      '1 left out: may end a session or delete something',
      '1 left out: no http',
      '1 left out: to other hosts',
      '1 left out: websocket',
      '2 left out: not understood',
    ])
  })

  it('takes every credential out of the requests', () => {
    const { input } = open({
      url,
      har: har(
        entry({
          url: `${url}/me?access_token=secret-in-url&page=2`,
          headers: {
            Authorization: 'Bearer secret-bearer',
            Cookie: 'sid=secret-session',
            'X-CSRF-Token': 'secret-csrf',
            'X-Tenant': 'acme',
          },
        }),
      ),
    })
    expect(input.alice[0]?.probe).toEqual({ method: 'GET', path: '/me?page=2', headers: { 'x-tenant': 'acme' } })
    expect(input.secrets).toEqual(
      expect.arrayContaining(['secret-in-url', 'secret-bearer', 'secret-session', 'secret-csrf']),
    )
  })

  it('knows which POST only reads', () => {
    const graphql = (query: string) => entry({ method: 'POST', url: `${url}/graphql`, text: JSON.stringify({ query }) })
    const { input } = open({
      url,
      config: fileOf({ safe: ['POST /lookup'] }, 'c.json'),
      har: har(
        entry({ method: 'POST', url: `${url}/orders/search`, text: '{}' }),
        entry({ method: 'POST', url: `${url}/lookup`, text: '{}' }),
        entry({ method: 'POST', url: `${url}/orders`, text: '{}' }),
        graphql('query { me { id } }'),
        graphql('mutation { drop }'),
        graphql('query A { me } mutation B { drop }'),
      ),
    })
    expect(input.alice.map(({ probe }) => probe.raw?.text ?? '')).toEqual([
      '{}',
      '{}',
      '{"query":"query { me { id } }"}',
    ])
  })

  it('of 10,000 requests takes a few of each route', () => {
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      entry({ url: `${url}/orders/${index}`, answer: 'x'.repeat(500) }),
    )
    const startedAt = performance.now()
    expect(open({ url, har: har(...entries) }).input.alice).toHaveLength(5)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

describe('a description', () => {
  it.each(['3.0.3', '3.1.0'])('of version %s, with references in circles, becomes requests', (openapi) => {
    const { input } = open({
      url,
      openapi: fileOf({ ...SHOP_SPEC, openapi }, 'api.json'),
      as: fileOf({ alice: { id: '17' } }, 'ids.json'),
    })
    expect(input.alice.map(({ route }) => route)).toContain('GET /orders/{id}')
    expect(input.notes).toContain('2 left out: without ids (no value for account)')
  })

  it('goes where its server is', () => {
    const servers = [{ url: `${url}/v2` }]
    expect(open({ openapi: fileOf({ ...SHOP_SPEC, servers }, 'api.json') }).target.href).toBe(`${url}/v2`)
  })
})

describe('credentials', () => {
  const me = async () => {
    return fileOf(
      await record(shop.url, { authorization: `Bearer ${SHOP_TOKENS.alice}` }, [{ path: '/me' }, { path: '/orders' }]),
    )
  }

  it('come from the environment, and are named by their variables', async () => {
    const header = (name: string) => ({ Authorization: `Bearer $${name}` })
    const config = fileOf(
      { credentials: { alice: header('SHOP_A'), bob: header('SHOP_B') }, volatile: ['request'] },
      'c.json',
    )
    const env = { SHOP_A: SHOP_TOKENS.alice, SHOP_B: SHOP_TOKENS.bob }
    const played = await playAny({ url: shop.url.href, har: await me(), config, env })
    expect(played.leaks).toEqual([])
    expect(verdictsOf(played, 'any.list')).toEqual(['bob GET /orders isolated'])
    expect(JSON.stringify(played.events)).toContain('Bearer $SHOP_B')
    expect(JSON.stringify(played.events)).not.toContain(SHOP_TOKENS.bob)
  })

  it('of Alice that are refused end the run with one finding', async () => {
    const played = await playAny({
      url: shop.url.href,
      har: await me(),
      tokens: { ...SHOP_TOKENS, alice: 'expired-long-ago' },
    })
    expect(played.finished).toMatchObject({ stop: { id: 'control.alice' }, exitCode: 3 })
  })

  it('of Bob that nobody accepts prove nothing', async () => {
    const played = await playAny({
      url: shop.url.href,
      har: await me(),
      tokens: { ...SHOP_TOKENS, bob: 'expired-long-ago' },
    })
    expect(verdictsOf(played, 'any.list')).toEqual(['bob GET /orders inconclusive'])
    expect(played.finished.exitCode).toBe(3)
  })

  it('cannot save a server that is down', async () => {
    const down = har(entry({ url: `${url}/me` }))
    const played = await playAny({ url, har: down, tokens: SHOP_TOKENS })
    expect(played.finished).toMatchObject({ stop: { id: 'control.reachable' }, exitCode: 3 })
  })
})
