import * as z from 'zod'
import type { ServerDeps } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

// What these parts may hold is the business of the store itself, which checks it for graphs too.
const namespace = z.array(z.string())
const key = z.string()

const dotted = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) =>
    [value ?? []]
      .flat()
      .flatMap((part) => part.split('.'))
      .filter(Boolean),
  )
  .meta({ type: 'string' })

/** A flag whose absence leaves the choice to langgraph.json. */
const flag = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? undefined : s.queryFlag.parse(value)))
  .meta({ type: 'boolean' })

export function storeRoutes({ runtime }: ServerDeps): Route[] {
  const store = runtime.storeAccess

  return [
    route({
      method: 'PUT',
      path: '/store/items',
      group: 'store',
      summary: 'Put an item',
      events: ['store:put'],
      body: z.object({
        namespace: s.withDefault(namespace, []),
        key,
        value: s.anyObject,
        index: z.union([z.literal(false), z.array(z.string())]).nullish(),
        ttl: z.number().positive().nullish(),
      }),
      answers: {
        204: { description: 'Stored.' },
        400: { description: 'No namespace.' },
        403: { description: 'The item would not satisfy the filter of the handler.' },
        404: { description: 'An item that is not for this caller has this place.' },
      },
      async handle({ c, caller, body }) {
        await store.put(caller, body)
        return c.body(null, 204)
      },
    }),
    route({
      method: 'GET',
      path: '/store/items',
      group: 'store',
      summary: 'Get an item',
      events: ['store:get'],
      query: z.object({ namespace: dotted, key, refresh_ttl: flag }),
      answers: { 200: { description: 'The item, or null.', schema: s.ItemSchema.nullable() } },
      async handle({ c, caller, query }) {
        return c.json((await store.get(caller, query)) ?? null)
      },
    }),
    route({
      method: 'DELETE',
      path: '/store/items',
      group: 'store',
      summary: 'Delete an item',
      events: ['store:delete'],
      body: z.object({ namespace: s.withDefault(namespace, []), key }),
      answers: { 204: { description: 'It is not there any more, or never was.' } },
      async handle({ c, caller, body }) {
        await store.delete(caller, body)
        return c.body(null, 204)
      },
    }),
    route({
      method: 'POST',
      path: '/store/items/search',
      group: 'store',
      summary: 'Search items',
      events: ['store:search'],
      body: z.object({
        namespace_prefix: s.withDefault(namespace, []),
        filter: s.optional(s.anyObject),
        query: s.optional(z.string()),
        limit: s.limit(10),
        offset: s.offset,
        refresh_ttl: s.optional(z.boolean()),
      }),
      answers: { 200: { description: 'The items.', schema: z.object({ items: z.array(s.ItemSchema) }) } },
      async handle({ c, caller, body: { namespace_prefix, ...wanted } }) {
        return c.json({ items: await store.search(caller, { namespace: namespace_prefix, ...wanted }) })
      },
    }),
    route({
      method: 'POST',
      path: '/store/namespaces',
      group: 'store',
      summary: 'List namespaces',
      events: ['store:list_namespaces'],
      body: z.object({
        prefix: s.optional(namespace),
        suffix: s.optional(namespace),
        max_depth: s.optional(z.int().min(1)),
        limit: s.limit(100),
        offset: s.offset,
      }),
      answers: {
        200: { description: 'The namespaces.', schema: z.object({ namespaces: z.array(z.array(z.string())) }) },
      },
      async handle({ c, caller, body: { prefix, ...wanted } }) {
        const asked = { ...(prefix === undefined ? {} : { namespace: prefix }), ...wanted }
        return c.json({ namespaces: await store.namespaces(caller, asked) })
      },
    }),
  ]
}
