import * as z from 'zod'
import type { Answer, Route } from './route.js'
import { ErrorBody } from './schemas.js'

type Json = Record<string, unknown>

/**
 * Describes routes as OpenAPI 3.1, from the same schemas that validate requests.
 *
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {}
  for (const spec of routes) {
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: operation(spec) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'authkit dev',
      version,
      description: 'The LangGraph Platform API, guarded by your auth.ts.',
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    security: [{ bearer: [] }],
    paths,
  }
}

function operation(spec: Route): Json {
  const body = spec.body && jsonSchema(spec.body, 'input')
  return {
    summary: spec.summary,
    tags: [spec.group],
    ...(spec.events.length > 0
      ? { description: `Asks the rules about ${spec.events.map((event) => `\`${event}\``).join(', ')}.` }
      : { security: [] }),
    ...(parameters(spec).length > 0 ? { parameters: parameters(spec) } : {}),
    ...(body ? { requestBody: { content: { 'application/json': { schema: body } } } } : {}),
    responses: responses(spec),
  }
}

function parameters({ path, params, query }: Route): Json[] {
  // Routes may share a schema of parameters; each has those that stand in its own path.
  const ofPath = fieldsOf(params, 'path').filter(({ name }) => path.includes(`{${name}}`))
  return [...ofPath, ...fieldsOf(query, 'query')]
}

function fieldsOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as { properties?: Json; required?: string[] }
  return Object.entries(properties).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: field,
  }))
}

function responses({ answers, events, params, body, query }: Route): Json {
  const guarded: Record<number, Answer> =
    events.length > 0
      ? {
          401: { description: 'authenticate() refused the caller.' },
          403: { description: 'A handler refused this.' },
          ...(params || body || query ? { 422: { description: 'The request is not understood.' } } : {}),
        }
      : {}
  return Object.fromEntries(
    Object.entries({ ...answers, ...guarded }).map(([status, { description, schema, type }]) => {
      const failed = Number(status) >= 400
      const content =
        type === undefined
          ? failed
            ? json(ErrorBody)
            : schema && json(schema)
          : { [type]: { schema: { type: 'string' } } }
      return [status, { description, ...(content ? { content } : {}) }]
    }),
  )
}

function json(schema: z.ZodType): Json {
  return { 'application/json': { schema: jsonSchema(schema, 'output') } }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
    reused: 'inline',
  })
  return inline(rest) as Json
}

/** Schemas with an id come as `$defs`; a document of many routes wants them in place. */
function inline(schema: Json): unknown {
  const definitions = (schema['$defs'] ?? {}) as Record<string, unknown>
  return resolve({ ...schema, $defs: undefined })

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const reference = (value as Json)['$ref']
    if (typeof reference === 'string') return resolve(definitions[reference.replace('#/$defs/', '')])
    // The `id` of a schema is a string; a property of that name is a schema.
    const kept = Object.entries(value).filter(
      ([key, inner]) => inner !== undefined && !(key === 'id' && typeof inner === 'string'),
    )
    return Object.fromEntries(kept.map(([key, inner]) => [key, resolve(inner)]))
  }
}
