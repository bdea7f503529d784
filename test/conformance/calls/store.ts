import { expect } from 'vitest'
import * as z from 'zod'
import { type Call, call, type World } from '../call.js'
import { shapes } from '../shapes.js'

const found = z.strictObject({ items: z.array(shapes.item) })
const listed = z.strictObject({ namespaces: z.array(z.array(z.string())) })

async function three({ client, user }: World) {
  await client.store.putItem([user, 'notes'], 'a', { text: 'apples', rank: 1 })
  await client.store.putItem([user, 'notes'], 'b', { text: 'bananas', rank: 2 })
  await client.store.putItem([user, 'facts', 'old'], 'c', { text: 'cherries', rank: 3 })
}

function keys({ items }: { items: { key: string }[] }): string[] {
  return items.map(({ key }) => key).sort()
}

function search(about: string, query: Parameters<World['client']['store']['searchItems']>[1], expected: string[]) {
  return call({
    name: `store.searchItems: ${about}`,
    arrange: three,
    call: ({ client, user }) => client.store.searchItems([user], query),
    answer: found,
    holds: (answer) => expect(keys(answer)).toEqual(expected),
  })
}

export const storeCalls: readonly Call[] = [
  call({
    name: 'store.putItem',
    call: ({ client, user }) =>
      client.store.putItem([user, 'notes'], 'a', { text: 'apples', deep: { list: [1, null] } }),
    answer: shapes.nothing,
    holds: async (_, __, { client, user }) =>
      expect(await client.store.getItem([user, 'notes'], 'a')).toMatchObject({
        value: { text: 'apples', deep: { list: [1, null] } },
      }),
  }),
  call({
    name: 'store.putItem: again',
    arrange: three,
    call: ({ client, user }) => client.store.putItem([user, 'notes'], 'a', { text: 'avocados' }),
    answer: shapes.nothing,
    holds: async (_, __, { client, user }) =>
      expect((await client.store.getItem([user, 'notes'], 'a'))?.value).toEqual({ text: 'avocados' }),
  }),
  call({
    name: 'store.putItem: index and time to live',
    call: ({ client, user }) => client.store.putItem([user], 'a', { text: 'apples' }, { index: false, ttl: 60 }),
    answer: shapes.nothing,
  }),
  call({
    name: "store.putItem: somebody else's namespace",
    call: ({ client }) => client.store.putItem(['somebody'], 'a', {}),
    answer: shapes.refused(403, 'Not your namespace'),
  }),
  call({
    name: 'store.getItem',
    arrange: three,
    call: ({ client, user }) => client.store.getItem([user, 'notes'], 'a'),
    answer: shapes.item,
    holds: (answer, _, { user }) =>
      expect(answer).toMatchObject({ namespace: [user, 'notes'], key: 'a', value: { text: 'apples', rank: 1 } }),
  }),
  call({
    name: 'store.getItem: absent',
    call: ({ client, user }) => client.store.getItem([user, 'notes'], 'a'),
    answer: z.null(),
  }),
  call({
    name: 'store.getItem: refreshed',
    arrange: three,
    call: ({ client, user }) => client.store.getItem([user, 'notes'], 'a', { refreshTtl: true }),
    answer: shapes.item,
  }),
  call({
    name: 'store.deleteItem',
    arrange: three,
    call: ({ client, user }) => client.store.deleteItem([user, 'notes'], 'a'),
    answer: shapes.nothing,
    holds: async (_, __, { client, user }) => expect(await client.store.getItem([user, 'notes'], 'a')).toBeNull(),
  }),
  call({
    name: 'store.deleteItem: absent',
    call: ({ client, user }) => client.store.deleteItem([user, 'notes'], 'a'),
    answer: shapes.nothing,
  }),
  call({
    name: 'store.searchItems',
    arrange: three,
    call: ({ client, user }) => client.store.searchItems([user, 'notes']),
    answer: found,
    holds: (answer) => expect(keys(answer)).toEqual(['a', 'b']),
  }),
  search('a value', { filter: { text: 'apples' } }, ['a']),
  search('$eq', { filter: { rank: { $eq: 2 } } }, ['b']),
  search('$ne', { filter: { rank: { $ne: 2 } } }, ['a', 'c']),
  search('$gt', { filter: { rank: { $gt: 1 } } }, ['b', 'c']),
  search('$gte and $lt', { filter: { rank: { $gte: 2, $lt: 3 } } }, ['b']),
  search('$lte', { filter: { rank: { $lte: 1 } } }, ['a']),
  call({
    name: 'store.searchItems: a page',
    arrange: three,
    call: ({ client, user }) => client.store.searchItems([user], { limit: 2, offset: 2 }),
    answer: found,
    holds: ({ items }) => expect(items).toHaveLength(1),
  }),
  call({
    name: 'store.searchItems: nothing there',
    call: ({ client, user }) => client.store.searchItems([user]),
    answer: found,
    holds: ({ items }) => expect(items).toEqual([]),
  }),
  call({
    name: "store.searchItems: everybody's",
    call: ({ client }) => client.store.searchItems([]),
    answer: shapes.refused(403, 'Not your namespace'),
  }),
  call({
    name: 'store.listNamespaces',
    arrange: three,
    call: ({ client, user }) => client.store.listNamespaces({ prefix: [user] }),
    answer: listed,
    holds: ({ namespaces }, _, { user }) =>
      expect(namespaces).toEqual([
        [user, 'facts', 'old'],
        [user, 'notes'],
      ]),
  }),
  call({
    name: 'store.listNamespaces: no deeper than two',
    arrange: three,
    call: ({ client, user }) => client.store.listNamespaces({ prefix: [user], maxDepth: 2 }),
    answer: listed,
    holds: ({ namespaces }, _, { user }) =>
      expect(namespaces).toEqual([
        [user, 'facts'],
        [user, 'notes'],
      ]),
  }),
  call({
    name: 'store.listNamespaces: by their end, and any label',
    arrange: three,
    call: ({ client, user }) => client.store.listNamespaces({ prefix: [user, '*'], suffix: ['old'] }),
    answer: listed,
    holds: ({ namespaces }, _, { user }) => expect(namespaces).toEqual([[user, 'facts', 'old']]),
  }),
  call({
    name: 'store.listNamespaces: a page',
    arrange: three,
    call: ({ client, user }) => client.store.listNamespaces({ prefix: [user], limit: 1, offset: 1 }),
    answer: listed,
    holds: ({ namespaces }, _, { user }) => expect(namespaces).toEqual([[user, 'notes']]),
  }),
]
