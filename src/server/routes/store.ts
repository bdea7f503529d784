import * as z from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { ServerDeps } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

/** A label is part of a namespace. Dots separate labels in queries, so they can't be in one. */
const label = z
  .string()
  .min(1, 'labels of a namespace must not be empty')
  .refine((text) => !text.includes('.'), 'labels of a namespace must not contain "."')
  .refine((text) => !text.includes('\0'), 'labels of a namespace must not contain NUL')
const namespace = z.array(label)
const pattern = z.array(z.union([z.literal('*'), label]))
const key = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'must not contain NUL')

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

export function storeRoutes({ runtime }: ServerDeps): Route[] {
  const { items } = runtime.storage

  return [
    route({
      method: 'PUT',
      path: '/store/items',
      group: 'store',
      summary: 'Put an item',
      events: ['store:put'],
      body: z.object({ namespace: s.withDefault(namespace, []), key, value: s.jsonObject }),
      answers: {
        204: { description: 'Stored.' },
        400: { description: 'No namespace.' },
        403: { description: 'The item would not satisfy the filter of the handler.' },
        404: { description: 'An item that is not for this caller has this place.' },
      },
      async handle({ c, caller, body }) {
        if (body.namespace.length === 0) throw new AuthkitError('bad_request', 'Namespace is required')
        const { scope, value } = await caller.authorize('store:put', body)
        const outcome = await items.put(scope, value)
        if (outcome === 'refused') throw new AuthkitError('forbidden', 'Forbidden')
        if (outcome === 'hidden') throw new AuthkitError('not_found', 'Item not found')
        return c.body(null, 204)
      },
    }),
    route({
      method: 'GET',
      path: '/store/items',
      group: 'store',
      summary: 'Get an item',
      events: ['store:get'],
      query: z.object({ namespace: dotted, key }),
      answers: { 200: { description: 'The item, or null.', schema: s.ItemSchema.nullable() } },
      async handle({ c, caller, query }) {
        const { scope, value } = await caller.authorize('store:get', query)
        return c.json((await items.get(scope, value.namespace ?? [], value.key)) ?? null)
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
        const { scope, value } = await caller.authorize('store:delete', body)
        await items.delete(scope, value.namespace ?? [], value.key)
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
        filter: s.optional(s.searchObject),
        query: s.optional(z.string()),
        limit: s.limit(10),
        offset: s.offset,
      }),
      answers: { 200: { description: 'The items.', schema: z.object({ items: z.array(s.ItemSchema) }) } },
      async handle({ c, caller, body: { namespace_prefix, ...wanted } }) {
        const { scope, value } = await caller.authorize('store:search', { namespace: namespace_prefix, ...wanted })
        const search = {
          namespacePrefix: value.namespace ?? [],
          ...(value.filter ? { filter: value.filter } : {}),
          ...(value.query ? { query: value.query } : {}),
        }
        const page = { limit: value.limit ?? 10, offset: value.offset ?? 0 }
        return c.json({ items: await items.search(scope, search, page) })
      },
    }),
    route({
      method: 'POST',
      path: '/store/namespaces',
      group: 'store',
      summary: 'List namespaces',
      events: ['store:list_namespaces'],
      body: z.object({
        prefix: s.optional(pattern),
        suffix: s.optional(pattern),
        max_depth: s.optional(z.int().min(1)),
        limit: s.limit(100),
        offset: s.offset,
      }),
      answers: {
        200: { description: 'The namespaces.', schema: z.object({ namespaces: z.array(z.array(z.string())) }) },
      },
      async handle({ c, caller, body: { prefix, ...wanted } }) {
        const asked = { ...(prefix === undefined ? {} : { namespace: prefix }), ...wanted }
        const { scope, value } = await caller.authorize('store:list_namespaces', asked)
        const search = {
          prefix: value.namespace ?? [],
          suffix: value.suffix ?? [],
          ...(value.max_depth ? { maxDepth: value.max_depth } : {}),
        }
        const page = { limit: value.limit ?? 100, offset: value.offset ?? 0 }
        return c.json({ namespaces: await items.namespaces(scope, search, page) })
      },
    }),
  ]
}
