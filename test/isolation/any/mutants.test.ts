import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ANY_CHECKS } from '../../../src/isolation/any/checks/index.js'
import { type Played, playAny, verdictsOf } from './support/play.js'
import { fileOf, record, type Step } from './support/recorder.js'
import { type Hole, SHOP_SPEC, SHOP_TOKENS, type Shop, startShop } from './support/shop.js'

const shops: Shop[] = []
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close()
})

async function open(hole?: Hole): Promise<Shop> {
  const shop = await startShop(hole)
  shops.push(shop)
  return shop
}

/** A user looks around, places an order, changes it and thinks better of it. */
async function recorded({ url }: Shop, who: 'alice' | 'bob') {
  const idOf = (answer: unknown) => (answer as { id: string }).id
  const accountOf = (answer: unknown) => (answer as { account: string }).account
  const firstOf = (answer: unknown) => (answer as { items: { id: string }[] }).items.at(0)?.id
  return record(url, { authorization: `Bearer ${SHOP_TOKENS[who]}` }, [
    { path: '/health' },
    { path: '/me' },
    { path: '/products' },
    { path: '/orders' },
    // With the hole in lists, the first order is not everybody's own.
    ([, me, , list]): Step => ({
      path: `/orders/${(list as { items: { id: string; owner: string }[] }).items.find(({ owner }) => owner === idOf(me))?.id ?? firstOf(list)}`,
    }),
    { method: 'POST', path: '/orders', body: { note: 'leave it at the back door' } },
    (answers): Step => ({
      method: 'PATCH',
      path: `/orders/${idOf(answers[5])}`,
      body: { note: 'leave it at the front door' },
    }),
    (answers): Step => ({ method: 'DELETE', path: `/orders/${idOf(answers[5])}` }),
    // Only Bob looks at his account, so no request of Alice's leads there.
    ...(who === 'bob'
      ? [(answers: readonly unknown[]): Step => ({ path: `/statement?account=${accountOf(answers[1])}` })]
      : []),
    { path: '/admin/users' },
  ])
}

const CONFIG = { volatile: ['request'], private: ['GET /orders/*'] }

async function play(shop: Shop, allowWrites = true, config: object = CONFIG): Promise<Played> {
  const [alice, bob] = [await recorded(shop, 'alice'), await recorded(shop, 'bob')]
  const orderOf = (har: object) => /orders\/([0-9a-f-]{36})"/.exec(JSON.stringify(har))?.[1]
  return playAny(
    {
      url: shop.url.href,
      har: fileOf(alice),
      harBob: fileOf(bob),
      openapi: fileOf(SHOP_SPEC, 'shop.json'),
      as: fileOf({ alice: { id: orderOf(alice) }, bob: { id: orderOf(bob) } }, 'ids.json'),
      config: fileOf(config, 'config.json'),
      tokens: SHOP_TOKENS,
    },
    { allowWrites },
  )
}

describe('any: a server with one hole', () => {
  it('there is one for every check, and a file', () => {
    const files = readdirSync('src/isolation/any/checks').filter((file) => file !== 'index.ts')
    expect(ANY_CHECKS.map(({ id }) => `${id}.ts`)).toEqual(files.toSorted())
  })

  it.each(ANY_CHECKS.map(({ id }) => id as Hole))('%s goes red, and nothing else', async (id) => {
    const played = await play(await open(id))
    expect(played.red).toEqual([id])
    expect(played.finished.exitCode).toBe(1)
  })
})

describe('any: a server without a hole', () => {
  it('is isolated, and everything that was made is gone', async () => {
    const shop = await open()
    const before = shop.orders.size
    const played = await play(shop)
    expect(played.leaks).toEqual([])
    expect(played.open).toEqual([])
    expect(played.finished.exitCode).toBe(0)
    expect(shop.orders.size).toBe(before)
    for (const { id } of ANY_CHECKS.filter(({ id }) => id !== 'any.undeclared-method')) {
      expect(
        verdictsOf(played, id).some((verdict) => verdict.endsWith('isolated')),
        id,
      ).toBe(true)
    }
  })

  it('calls what everybody sees "public or empty", and never isolated', async () => {
    const played = await play(await open())
    const ofBob = [...verdictsOf(played, 'any.list'), ...verdictsOf(played, 'any.replay.bob')]
    expect(ofBob).toContain('bob GET /products skipped')
    expect(ofBob).toContain('bob GET /health skipped')
    expect(played.results.find(({ subject }) => subject === 'GET /products')?.verdict).toEqual({
      kind: 'skipped',
      reason: 'public or empty',
    })
  })

  it('changes nothing without --allow-writes', async () => {
    const shop = await open()
    const recordings = 4 * 2
    const played = await play(shop, false)
    const writes = shop.seen.filter((line) => /^(POST|PUT|PATCH|DELETE)/.test(line))
    expect(writes.length).toBeLessThan(recordings)
    expect(verdictsOf(played, 'any.write')).toEqual([
      'bob DELETE /orders/{id} skipped',
      'bob PATCH /orders/{id} skipped',
    ])
  })

  it('shows no token, no password and no address', async () => {
    const played = await play(await open('any.replay.bob'))
    const text = JSON.stringify(played.events)
    for (const secret of Object.values(SHOP_TOKENS)) expect(text).not.toContain(secret)
    expect(text).not.toContain('alice@customers.example')
    expect(text).not.toContain('Rabbit Hole Lane')
    expect(text).toContain('$BOB')
  })
})
