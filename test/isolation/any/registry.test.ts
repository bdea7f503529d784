import { mkdtempSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runServer } from 'verdaccio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { playAny, verdictsOf } from './support/play.js'
import { fileOf, record } from './support/recorder.js'

/** An API that none of us wrote: a package registry with users, their tokens, and packages that only one of them may see. */
const tokens = { alice: '', bob: '' }
let registry: Server
let url: URL

const USERS = ['alice', 'bob'] as const

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function put(path: string, body: unknown, token?: string) {
  const authorization = token ? { authorization: `Bearer ${token}` } : undefined
  const headers = { 'content-type': 'application/json', ...authorization }
  const response = await fetch(new URL(path, url), { method: 'PUT', headers, body: JSON.stringify(body) })
  expect(response.status).toBe(201)
  return (await response.json()) as { token: string }
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-registry-'))
  const only = (who: string) => ({ access: who, publish: who, unpublish: who })
  registry = await runServer({
    storage: join(folder, 'storage'),
    self_path: folder,
    configPath: join(folder, 'config.yaml'),
    auth: { htpasswd: { file: join(folder, 'htpasswd'), rounds: 4 } },
    security: { api: { legacy: false, jwt: { sign: { expiresIn: '1d' } } } },
    uplinks: {},
    packages: { '@alice/*': only('alice'), '@bob/*': only('bob'), '**': only('$authenticated') },
    log: { type: 'stdout', format: 'pretty', level: 'fatal' },
  })
  url = await listen(registry)
  for (const who of USERS) {
    const user = { name: who, password: `the-password-of-${who}`, email: `${who}@example.com` }
    tokens[who] = (await put(`/-/user/org.couchdb.user:${who}`, user)).token
    const name = `@${who}/vault`
    const description = `what ${who} keeps in the vault is nobody else's business`
    const version = {
      name,
      version: '1.0.0',
      description,
      dist: { tarball: `${url}${name}/-/vault-1.0.0.tgz`, shasum: 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d' },
    }
    const attachment = {
      content_type: 'application/octet-stream',
      data: Buffer.from('hello').toString('base64'),
      length: 5,
    }
    await put(
      `/${name.replace('/', '%2f')}`,
      {
        _id: name,
        name,
        description,
        'dist-tags': { latest: '1.0.0' },
        versions: { '1.0.0': version },
        _attachments: { 'vault-1.0.0.tgz': attachment },
      },
      tokens[who],
    )
    await fetch(new URL('/-/npm/v1/tokens', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[who]}` },
      body: JSON.stringify({ password: user.password, readonly: false, cidr_whitelist: [] }),
    })
  }
})

afterAll(
  () =>
    new Promise<void>((resolve) => {
      registry.close(() => resolve())
      registry.closeAllConnections()
    }),
)

type Fault = (path: string, authorization: string | undefined) => string | undefined

/** In front of the registry, with one fault: it goes in with another credential than it was given. */
async function behind<T>(fault: Fault, work: (front: URL) => Promise<T>): Promise<T> {
  const proxy = createServer(async (request, response) => {
    const authorization = fault(request.url ?? '', request.headers.authorization)
    const answer = await fetch(new URL(request.url ?? '', url), {
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', ...(authorization ? { authorization } : {}) },
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    response.end(await answer.text())
  })
  try {
    return await work(await listen(proxy))
  } finally {
    await new Promise<void>((resolve) => {
      proxy.close(() => resolve())
      proxy.closeAllConnections()
    })
  }
}

const recording = (who: 'alice' | 'bob', at = url) =>
  record(at, { authorization: `Bearer ${tokens[who]}`, accept: 'application/json' }, [
    { path: '/-/whoami' },
    { path: '/-/npm/v1/user' },
    { path: '/-/npm/v1/tokens' },
    { path: `/@${who}%2fvault` },
    { path: `/-/package/@${who}%2fvault/dist-tags` },
    { path: '/-/v1/search?text=vault' },
  ])

async function play(at: URL, config: object = {}) {
  const files = { har: fileOf(await recording('alice')), harBob: fileOf(await recording('bob')) }
  return playAny({ url: at.href, ...files, config: fileOf({ recorded: url.href, ...config }), tokens })
}

describe('a package registry, from a recording', () => {
  it('is isolated, without a false alarm', async () => {
    const played = await play(url)
    expect(played.leaks).toEqual([])
    expect(played.open).toEqual([])
    expect(played.finished.exitCode).toBe(0)
    expect(verdictsOf(played, 'any.replay.bob')).toContain('bob GET /{id} isolated')
    expect(verdictsOf(played, 'any.list')).toContain('bob GET /-/npm/v1/tokens isolated')
    expect(JSON.stringify(played.events)).not.toContain(tokens.bob)
  })

  it.each<[string, Fault, string[], object]>([
    [
      'Bob reads packages as Alice',
      (path, given) =>
        given === `Bearer ${tokens.bob}` && path.startsWith('/@alice') ? `Bearer ${tokens.alice}` : given,
      ['any.replay.bob GET /{id}'],
      {},
    ],
    [
      'everybody without a credential is Alice where her packages are',
      (path, given) => given ?? (path.startsWith('/@alice') ? `Bearer ${tokens.alice}` : undefined),
      ['any.replay.nobody GET /{id}'],
      { private: ['GET /@alice*'] },
    ],
  ])('finds the leak when %s', async (_, fault, leaks, config) => {
    const played = await behind(fault, (front) => play(front, config))
    expect(played.leaks).toEqual(leaks)
    expect(played.finished.exitCode).toBe(1)
  })
})

const SPEC = `
openapi: 3.1.0
info: { title: registry, version: "1" }
security: [{ bearer: [] }]
paths:
  /-/npm/v1/tokens:
    get: { responses: { "200": { description: tokens } } }
  /{package}:
    get:
      parameters: [{ name: package, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: a package } }
  /-/package/{package}/dist-tags:
    get:
      parameters: [{ name: package, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: tags } }
`

describe('a package registry, from a description', () => {
  const described = (at: URL) =>
    playAny({
      url: at.href,
      openapi: fileOf(SPEC, 'registry.yaml'),
      as: fileOf({ alice: { package: '@alice/vault' }, bob: { package: '@bob/vault' } }, 'ids.json'),
      tokens,
    })

  it('is isolated', async () => {
    const played = await described(url)
    expect(played.leaks).toEqual([])
    expect(played.open).toEqual([])
    expect(verdictsOf(played, 'any.replay.bob')).toContain('bob GET /{package} isolated')
  })

  it('leaks behind a proxy that takes everybody for Alice where her packages are', async () => {
    const fault: Fault = (path, given) => (path.startsWith('/%40alice') ? `Bearer ${tokens.alice}` : given)
    const played = await behind(fault, described)
    expect(played.leaks).toEqual(['any.replay.bob GET /{package}', 'any.replay.nobody GET /{package}'])
  })
})
