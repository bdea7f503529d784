import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'

/** What this server gets wrong; the check that has to find it. */
export type Hole =
  | 'any.replay.bob'
  | 'any.replay.nobody'
  | 'any.id-swap'
  | 'any.list'
  | 'any.write'
  | 'any.undeclared-method'
  | 'any.properties'
  | 'any.functions'

export interface Shop {
  readonly url: URL
  readonly orders: ReadonlyMap<string, Order>
  /** Requests so far. */
  readonly seen: readonly string[]
  close(): Promise<void>
}

interface Order {
  id: string
  owner: string
  note: string
  address: string
  product_id: string
}

interface User {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly account: string
}

export const SHOP_TOKENS = { alice: 'shop-token-of-alice-8131', bob: 'shop-token-of-bob-4417' } as const

/** A small shop where everybody has orders and an account, written in the usual way, with at most one hole. */
export async function startShop(hole?: Hole): Promise<Shop> {
  const people = Object.entries(SHOP_TOKENS).map(([username, token]) => ({
    token,
    user: {
      id: randomUUID(),
      username,
      email: `${username}@customers.example`,
      account: `acc-${randomUUID().slice(0, 13)}`,
    },
  }))
  const orders = new Map<string, Order>()
  const products = ['Tea pot of blue china', 'Looking glass with a frame'].map((title) => ({ id: randomUUID(), title }))
  const place = (owner: string, note: string, extra: Partial<Order> = {}): Order => {
    const address = `${1000 + orders.size} Rabbit Hole Lane, Daresbury`
    const product_id = products[0]?.id ?? ''
    const order = { id: randomUUID(), owner, address, product_id, ...extra, note }
    orders.set(order.id, order)
    return order
  }
  for (const { user } of people) place(user.id, `a present for the sister of ${user.username}, wrapped twice`)

  const seen: string[] = []
  const userOf = (c: Context): User | undefined => {
    const token = c.req.header('authorization')?.replace('Bearer ', '')
    return people.find((one) => one.token === token)?.user
  }
  const refused = (c: Context) => c.json({ error: 'who are you?' }, 401)
  const absent = (c: Context) => c.json({ error: `no ${c.req.path}` }, 404)
  const app = new Hono()
  app.use(async (c, next) => {
    seen.push(`${c.req.method} ${c.req.path}`)
    await next()
  })
  app.get('/health', (c) => c.json({ ok: true, build: 'release-7f3a9c21' }))
  app.get('/me', (c) => {
    const user = userOf(c)
    return user ? c.json({ ...user, now: Date.now(), request: randomUUID() }) : refused(c)
  })
  app.get('/products', (c) => (userOf(c) ? c.json({ items: products }) : refused(c)))
  app.get('/orders', (c) => {
    const user = userOf(c)
    if (!user) return refused(c)
    return c.json({ items: [...orders.values()].filter(({ owner }) => hole === 'any.list' || owner === user.id) })
  })
  app.post('/orders', async (c) => {
    const user = userOf(c)
    if (!user) return refused(c)
    const body = (await c.req.json()) as { note?: string }
    return c.json(place(user.id, String(body.note), hole === 'any.properties' ? { ...body } : {}), 201)
  })
  app.get('/orders/:id', (c) => {
    const user = userOf(c)
    if (!user && hole !== 'any.replay.nobody') return refused(c)
    const order = orders.get(c.req.param('id'))
    const theirs = hole === 'any.replay.bob' || (!user && hole === 'any.replay.nobody') || order?.owner === user?.id
    return order && theirs ? c.json(order) : absent(c)
  })
  app.on(['PATCH', 'DELETE'], '/orders/:id', async (c) => {
    const user = userOf(c)
    if (!user) return refused(c)
    const order = orders.get(c.req.param('id'))
    // With the hole it says no, and does it all the same.
    const may = order?.owner === user.id
    if (!order || !(may || hole === 'any.write')) return absent(c)
    if (c.req.method === 'DELETE') orders.delete(order.id)
    else order.note = String(((await c.req.json()) as { note?: string }).note)
    return may ? c.json(c.req.method === 'DELETE' ? { deleted: true } : order) : absent(c)
  })
  app.get('/orders/:id/receipt', (c) => {
    const order = orders.get(c.req.param('id'))
    if (hole !== 'any.undeclared-method') return c.json({ error: 'POST it' }, 405)
    return order && userOf(c) ? c.json(order) : refused(c)
  })
  app.get('/statement', (c) => {
    const user = userOf(c)
    if (!user) return refused(c)
    const account = c.req.query('account')
    const holder = people.find((one) => one.user.account === account)?.user
    if (!holder || (holder !== user && hole !== 'any.id-swap')) return absent(c)
    return c.json({ account, statement: `statement-of-${holder.id}`, contact: holder.email })
  })
  app.get('/admin/users', (c) => {
    if (hole !== 'any.functions') return userOf(c) ? c.json({ error: 'admins only' }, 403) : refused(c)
    return c.json({ total: people.length })
  })
  const listening = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  return {
    url: new URL(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`),
    orders,
    seen,
    close: () =>
      new Promise((resolve) => {
        listening.close(() => resolve())
        if ('closeAllConnections' in listening) listening.closeAllConnections()
      }),
  }
}

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
const order = { $ref: '#/components/schemas/Order' }
const answers = (schema: object) => ({ 200: { description: 'ok', content: { 'application/json': { schema } } } })
const note = {
  content: {
    'application/json': {
      schema: { type: 'object', required: ['note'], properties: { note: { type: 'string' } } },
      example: { note: 'ring the bell, please' },
    },
  },
}

/** What the shop says about itself. */
export const SHOP_SPEC = {
  openapi: '3.0.3',
  info: { title: 'Shop', version: '1' },
  security: [{ bearer: [] }],
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Order: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          owner: { type: 'string' },
          note: { type: 'string' },
          address: { type: 'string' },
          product_id: { type: 'string' },
          // A circle, as real descriptions have them.
          previous: { $ref: '#/components/schemas/Order' },
        },
      },
    },
  },
  paths: {
    '/health': { get: { security: [], responses: answers({}) } },
    '/me': { get: { responses: answers({}) } },
    '/products': { get: { responses: answers({}) } },
    '/orders': {
      get: { responses: answers({ type: 'object', properties: { items: { type: 'array', items: order } } }) },
      post: { requestBody: note, responses: answers(order) },
    },
    '/orders/{id}': {
      parameters: [id],
      get: { responses: answers(order) },
      patch: { requestBody: note, responses: answers(order) },
      delete: { responses: answers({}) },
    },
    '/orders/{id}/receipt': { parameters: [id], post: { responses: answers({}) } },
    '/statement': {
      get: {
        parameters: [{ name: 'account', in: 'query', required: true, schema: { type: 'string' } }],
        responses: answers({}),
      },
    },
    '/admin/users': { get: { responses: answers({}) } },
  },
}
