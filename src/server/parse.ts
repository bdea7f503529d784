import type { Context } from 'hono'
import type { z } from 'zod'
import { AuthkitError } from '../errors/authkit-error.js'

/** Deeper JSON than this is refused: databases and graphs recurse over it. */
const MAX_DEPTH = 200

/**
 * The body as JSON, whatever its content type says: official clients send some with none. A missing body is `{}`.
 *
 * @throws AuthkitError `invalid_request` (422).
 */
export async function parseBody<T>(c: Context, schema: z.ZodType<T> | undefined): Promise<T | undefined> {
  if (!schema) return undefined
  const text = await c.req.text().catch((error: unknown) => {
    throw new AuthkitError('handler_failed', 'Internal Server Error', {
      cause: `the body can't be read (${error}); authenticate() must read a request.clone(), or only the headers`,
    })
  })
  let json: unknown = {}
  if (text.trim() !== '') {
    try {
      json = JSON.parse(text)
    } catch {
      throw new AuthkitError('invalid_request', 'Invalid JSON in request body')
    }
  }
  const problem = problemWith(json)
  if (problem) throw new AuthkitError('invalid_request', problem)
  return validate(schema, json)
}

/** Query parameters. One that repeats is a list; the schema says what is one. */
export function parseQuery<T>(c: Context, schema: z.ZodType<T> | undefined): T | undefined {
  if (!schema) return undefined
  const all = Object.entries(c.req.queries())
  return validate(schema, Object.fromEntries(all.map(([key, values]) => [key, values.length > 1 ? values : values[0]])))
}

export function parseParams<T>(c: Context, schema: z.ZodType<T> | undefined): T | undefined {
  return schema && validate(schema, c.req.param())
}

function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.slice(0, 5).map(({ path, message }) => {
    const where = path.map(String).join('.')
    return where && !message.startsWith('Invalid thread') && !message.includes('must be a UUID')
      ? `${where}: ${message}`
      : message
  })
  throw new AuthkitError('invalid_request', problems.join('; '))
}

/** What JSON.parse accepts and nothing behind it can work with. Makes no copy of what may be millions of members. */
function problemWith(json: unknown, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return `The body is nested deeper than ${MAX_DEPTH} levels.`
  if (typeof json === 'number') return Number.isFinite(json) ? undefined : 'The body holds a number that is too large.'
  if (typeof json !== 'object' || json === null) return undefined
  if (Array.isArray(json)) {
    for (const inner of json) {
      const problem = problemWith(inner, depth + 1)
      if (problem) return problem
    }
    return undefined
  }
  for (const key in json) {
    const problem = problemWith((json as Record<string, unknown>)[key], depth + 1)
    if (problem) return problem
  }
  return undefined
}
