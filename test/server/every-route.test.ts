import { describe, expect, it } from 'vitest'
import { STREAM_MODES } from '../../src/runtime/graphs/stream-modes.js'
import { rawRequest } from '../support/client.js'
import { serve } from '../support/server.js'

/** Every route that anyone may call. Whoever adds one adds it here, and says why it holds nothing of any user. */
const PUBLIC = [
  'GET /ok',
  'GET /info',
  // Where applications learn who signs their users in, before anybody has.
  'GET /.well-known/oauth-protected-resource',
  'GET /openapi.json',
  'GET /docs',
  'GET /docs/{file}',
]

const ID = '0197a9b4-6f5c-7000-8000-000000000000'
const server = await serve({ protectedResource: () => ({}) })
const routes = server.app.routes
const names = routes.map(({ method, path }) => `${method} ${path}`)
const closed = names.filter((name) => !PUBLIC.includes(name))

const filled = (path: string) => path.replaceAll(/\{\w+\}/g, ID)
const nobody = server.as(undefined)
const alice = server.as('alice')

describe('every route', () => {
  it('is known, once', () => {
    expect(names).toEqual(expect.arrayContaining([...PUBLIC, 'GET /threads/{thread_id}', 'POST /store/items/search']))
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(45)
  })

  it.each(closed)('%s answers 401 without a token', async (name) => {
    const [method = '', path = ''] = name.split(' ')
    const { status, text, headers } = await nobody.call(method, filled(path), method === 'GET' ? undefined : {})
    expect([status, text]).toEqual([401, '{"detail":"Unauthorized"}'])
    expect(headers.get('www-authenticate')).toBe('Bearer')
  })

  it.each(closed)('%s answers 401 with a token that is wrong', async (name) => {
    const [method = '', path = ''] = name.split(' ')
    for (const authorization of ['Bearer mallory', 'bearer', 'Basic alice', 'Bearer alice bob', 'Bearer  alice']) {
      const { status } = await nobody.call(method, filled(path), undefined, { authorization })
      expect(status).toBe(401)
    }
  })

  it.each(PUBLIC)('%s is open to everyone', async (name) => {
    const path = name.split(' ')[1]?.replace('{file}', 'start.js') ?? ''
    expect((await nobody.get(path)).status).toBe(200)
  })

  it.each(names)('%s carries a request id and must not be kept', async (name) => {
    const [method = '', path = ''] = name.split(' ')
    const { headers } = await alice.call(method, filled(path), method === 'GET' ? undefined : {})
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('unknown paths', () => {
  it.each([
    '/',
    '/ui',
    '/uiX',
    '/ui/agent',
    '/metrics',
    '/noauth',
    '/noauthX/threads',
    '/internal/truncate',
    '/mcp/',
    '/a2a/agent',
    '/threads/',
    '/Threads',
    '/_authkit',
    '/favicon.ico',
  ])('%s is 401 without and 404 with a token', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await nobody.call(method, path)).status).toBe(401)
      const known = await alice.call(method, path)
      expect([known.status, known.text]).toEqual([404, '{"detail":"Not Found"}'])
    }
  })
})

describe('path tricks', () => {
  it.each([
    '/info/',
    '/ok/',
    '/ok/x',
    '/info/../threads',
    '/docsx',
    '/docs/../threads',
    '/docs/%2e%2e/threads',
    '/docs/..%2fthreads',
    '/docs%2f..%2fthreads',
    '/docs/x/../../threads',
    '/docs/..;/threads',
    '//threads',
    '//info/threads',
    '/./threads',
    '/ok;/threads',
    '/ok%00',
    '/ok%2Fthreads',
    '/openapi.json/threads',
    '/openapi.json%00',
    '/INFO',
    '/docs/swagger-ui.css/../../threads/search',
    'http://127.0.0.1/threads',
    'http://elsewhere.example/threads',
    '/%6fk/threads',
    '\\threads',
    '/threads?x=/ok',
    '/threads#/ok',
  ])('%s reaches nothing without a token', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, text } = await rawRequest(server.url, { method, path, headers: { 'content-length': '0' } })
      expect(status, `${method} ${path}: ${text}`).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect(text).not.toContain('thread_id')
    }
  })

  it.each(['/docs/..%2f..%2fpackage.json', '/docs/constructor', '/docs/__proto__', '/docs/start.js%00', '/docs/x'])(
    '%s is no file of the page',
    async (path) => {
      expect((await rawRequest(server.url, { path })).status).toBe(404)
    },
  )

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s on a public path is not public', async (method) => {
    for (const path of ['/ok', '/info', '/docs', '/openapi.json']) {
      const { status, text } = await rawRequest(server.url, { method, path, headers: { 'content-length': '0' } })
      expect([status, text]).toEqual([401, '{"detail":"Unauthorized"}'])
    }
  })

  it('HEAD is GET without a body, and as closed', async () => {
    expect((await rawRequest(server.url, { method: 'HEAD', path: '/ok' })).status).toBe(200)
    expect((await rawRequest(server.url, { method: 'HEAD', path: '/threads/x' })).status).toBe(401)
    const id = await alice.thread()
    const head = (user: string) => server.as(user).call('HEAD', `/threads/${id}`)
    expect([(await head('alice')).status, (await head('bob')).status]).toEqual([200, 404])
  })

  it('methods that no route has are refused', async () => {
    for (const method of ['TRACE', 'PROPFIND']) {
      const { status } = await rawRequest(server.url, { method, path: '/threads' })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })
})

type Schema = Record<string, unknown>
interface Parameter {
  name: string
  in: string
  required: boolean
  schema: Schema
}
interface Operation {
  summary: string
  tags: string[]
  security?: unknown[]
  parameters?: Parameter[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: Record<string, unknown> }
}

const document = (await nobody.get('/openapi.json')).json<Document>()
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
)

describe('/openapi.json', () => {
  it('is a document of OpenAPI 3.1', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(document.info).toMatchObject({ title: expect.any(String), version: '0.0.0-test' })
    expect(Object.keys(document).sort()).toEqual(['components', 'info', 'openapi', 'paths', 'security'])
  })

  it('describes every route, and no other', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual([...names].sort())
  })

  it.each(operations)('$name is well formed', ({ path, operation, name }) => {
    const { parameters = [], responses, requestBody, security, tags, summary } = operation
    const inTemplate = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const ofPath = parameters.filter((parameter) => parameter.in === 'path')
    expect(ofPath.map((parameter) => parameter.name).sort()).toEqual(inTemplate.sort())
    expect(ofPath.every((parameter) => parameter.required)).toBe(true)
    expect(parameters.every((parameter) => ['path', 'query'].includes(parameter.in))).toBe(true)
    expect(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size).toBe(parameters.length)
    expect(tags).toHaveLength(1)
    expect(summary).toBeTruthy()
    expect(Object.keys(responses).every((status) => /^[2-5]\d\d$/.test(status))).toBe(true)
    expect(Object.values(responses).every((response) => response.description.length > 0)).toBe(true)
    if (PUBLIC.includes(name)) expect(security).toEqual([])
    else expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']))
    if (inTemplate.length > 0 && !PUBLIC.includes(name) && !path.includes('/subgraphs/')) {
      expect(Object.keys(responses)).toContain('422')
    }
    expect(name.startsWith('GET ') && requestBody).toBeFalsy()
    for (const schema of [
      ...parameters.map((parameter) => parameter.schema),
      ...(requestBody ? [requestBody.content['application/json'].schema] : []),
      ...Object.values(responses).flatMap(({ content = {} }) => Object.values(content).map((one) => one.schema)),
    ]) {
      expectJsonSchema(schema)
    }
  })

  it('says what a run takes', () => {
    const body = document.paths['/runs/stream']?.['post']?.requestBody?.content['application/json'].schema
    const properties = body?.['properties'] as Record<string, Schema>
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['assistant_id', 'input', 'command', 'stream_mode']))
    expect(body?.['required']).toEqual(['assistant_id'])
    expect(JSON.stringify(properties['stream_mode'])).toContain(STREAM_MODES[0])
  })
})

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']

/** The parts of JSON Schema 2020-12 that we use, each in its place. */
function expectJsonSchema(schema: unknown): void {
  expect(schema).toBeTypeOf('object')
  const { type, properties = {}, required = [], items, anyOf = [], $ref, enum: values } = schema as Schema
  expect($ref).toBeUndefined()
  for (const one of [type ?? []].flat()) expect(TYPES).toContain(one)
  expect(Array.isArray(values ?? [])).toBe(true)
  for (const name of required as string[]) expect(Object.keys(properties as object)).toContain(name)
  for (const one of [...Object.values(properties as object), ...(anyOf as unknown[])]) expectJsonSchema(one)
  if (items !== undefined) expectJsonSchema(items)
}

describe('/docs', () => {
  it('is a page that loads only what this server has', async () => {
    const { text, headers } = await nobody.get('/docs')
    expect(headers.get('content-type')).toContain('text/html')
    const loaded = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? '')
    expect(loaded.length).toBeGreaterThan(2)
    for (const url of loaded) expect(url).toMatch(/^\/(?!\/)|^data:,$/)
  })
})
