import { parse } from 'yaml'
import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Probe } from '../probe.js'
import { nameOf, type Parameters, readText } from './config.js'

type Json = Record<string, unknown>

const METHODS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete', 'trace'] as const

const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.unknown()).optional(),
  servers: z.array(z.looseObject({ url: z.string() })).optional(),
  security: z.array(z.record(z.string(), z.unknown())).optional(),
})

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly node: Json
}

/** One method of one path. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** The JSON body it takes: its example, or one made from its schema. */
  body(values: Readonly<Record<string, unknown>>): unknown
  /** Nobody without a credential may do it. */
  readonly secured: boolean
  /** The schema of the 2xx answer, references resolved one level at a time by `properties`. */
  readonly answer: Json | undefined
}

export interface Specification {
  readonly operations: readonly Operation[]
  /** The first server, as far as it says one. */
  readonly server: string | undefined
  /** The properties that a schema declares; `undefined` where it declares none, and so allows any. */
  properties(schema: unknown): Readonly<Record<string, unknown>> | undefined
  /** The schema of the rows of an array. */
  rows(schema: unknown): unknown
}

/** Reads an OpenAPI 3 description, JSON or YAML. Throws `usage` for what is none, and for Swagger 2.0. */
export function readOpenApi(file: string): Specification {
  const document = validated(file, parsed(file, readText(file, '--openapi')))
  const resolve = resolver(document)
  const secured = (security: unknown) =>
    Array.isArray(security) && security.length > 0 && security.every((one) => Object.keys(one as object).length > 0)
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, node]) => {
    const item = resolve(node)
    if (!path.startsWith('/')) return []
    return METHODS.flatMap((method): Operation[] => {
      const operation = item[method] === undefined ? undefined : resolve(item[method])
      if (!operation) return []
      const given = [...listOf(item['parameters']), ...listOf(operation['parameters'])].map(resolve)
      const parameters = new Map(given.map((one) => [`${one['in']} ${one['name']}`, parameterOf(one, resolve)]))
      const content = jsonContent(resolve(operation['requestBody']), resolve)
      return [
        {
          method: method.toUpperCase(),
          path,
          parameters: [...parameters.values()],
          body: (values) => (content ? exampleOf(content, values, resolve) : undefined),
          secured: secured(operation['security'] ?? document.security),
          answer: answerSchema(resolve(operation['responses']), resolve),
        },
      ]
    })
  })
  if (operations.length === 0) {
    throw new AuthkitError('usage', `${nameOf(file)} describes no operation.`, {
      hint: 'Its "paths" must not be empty.',
    })
  }
  return {
    operations,
    server: document.servers?.[0]?.url,
    properties: (schema) => propertiesOf(schema, resolve, 0),
    rows: (schema) => resolve(schema)['items'],
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { logLevel: 'error' })
  } catch (cause) {
    throw new AuthkitError('usage', `${nameOf(file)} is neither JSON nor YAML.`, {
      cause,
      hint: 'Check that it was saved completely.',
    })
  }
}

function validated(file: string, value: unknown): z.output<typeof Document> {
  const named = (value ?? {}) as { swagger?: unknown; openapi?: unknown }
  if (named.swagger !== undefined) {
    throw new AuthkitError('usage', `${nameOf(file)} is Swagger ${String(named.swagger).slice(0, 5)}, not OpenAPI 3.`, {
      hint: 'Convert it first, such as with `npx swagger2openapi`.',
    })
  }
  const document = Document.safeParse(value)
  if (document.success && /^3\.\d/.test(document.data.openapi)) return document.data
  const issue = document.success ? undefined : document.error.issues[0]
  const at = issue?.path.join('.')
  throw new AuthkitError(
    'usage',
    at && at !== 'openapi' ? `${nameOf(file)} is not valid OpenAPI at ${at}.` : `${nameOf(file)} is not OpenAPI 3.`,
    { hint: 'Give a description that begins with "openapi": "3.0.x" or "3.1.x", as JSON or YAML.' },
  )
}

type Resolve = (node: unknown) => Json

/** Follows references inside the document, also those that lead to others. One that leads nowhere, or in a circle, is empty. */
function resolver(document: Json): Resolve {
  return (node) => {
    let current = node
    for (let steps = 0; steps < 32; steps++) {
      if (current === null || typeof current !== 'object' || Array.isArray(current)) return {}
      const { $ref: reference } = current as { $ref?: unknown }
      if (typeof reference !== 'string') return current as Json
      if (!reference.startsWith('#/')) return {}
      current = reference
        .slice(2)
        .split('/')
        .map((part) => decodeURIComponent(part.replaceAll('~1', '/').replaceAll('~0', '~')))
        .reduce<unknown>(
          (inner, key) => (Object.hasOwn(Object(inner), key) ? (inner as Json)[key] : undefined),
          document,
        )
    }
    return {}
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function parameterOf(node: Json, resolve: Resolve): Parameter {
  return {
    name: String(node['name']),
    in: String(node['in']),
    required: node['required'] === true || node['in'] === 'path',
    node: { ...node, schema: resolve(node['schema']) },
  }
}

function jsonContent(node: Json, resolve: Resolve): Json | undefined {
  const content = Object.entries((node['content'] ?? {}) as Json).find(([type]) => /[/+]json\b/.test(type))
  return content && resolve(content[1])
}

function answerSchema(responses: Json, resolve: Resolve): Json | undefined {
  const status = Object.keys(responses).find((code) => /^2/.test(code))
  const schema = status === undefined ? undefined : jsonContent(resolve(responses[status]), resolve)?.['schema']
  return schema === undefined ? undefined : resolve(schema)
}

function propertiesOf(schema: unknown, resolve: Resolve, depth: number): Json | undefined {
  const node = resolve(schema)
  if (depth > 8) return undefined
  const parts = [...listOf(node['allOf']), ...listOf(node['oneOf']), ...listOf(node['anyOf'])]
  const inherited = parts.map((part) => propertiesOf(part, resolve, depth + 1))
  if (inherited.includes(undefined) && parts.length > 0) return undefined
  if (node['properties'] === undefined && parts.length === 0) return undefined
  return Object.assign({}, ...inherited, node['properties'] as Json | undefined)
}

/** The example that stands beside a schema, or in it. */
function statedExample(node: Json, resolve: Resolve): unknown {
  if (node['example'] !== undefined) return node['example']
  const [first] = Array.isArray(node['examples']) ? node['examples'] : Object.values((node['examples'] ?? {}) as Json)
  if (first === undefined) return undefined
  return Array.isArray(node['examples']) ? first : resolve(first)['value']
}

function exampleOf(content: Json, values: Readonly<Record<string, unknown>>, resolve: Resolve): unknown {
  return statedExample(content, resolve) ?? made(content['schema'], values, resolve, 0)
}

/** The smallest value that a schema asks for. */
function made(schema: unknown, values: Readonly<Record<string, unknown>>, resolve: Resolve, depth: number): unknown {
  const node = resolve(schema)
  const stated = statedExample(node, resolve) ?? node['default'] ?? node['const'] ?? listOf(node['enum'])[0]
  if (stated !== undefined) return stated
  if (depth > 8) return null
  const [variant] = [...listOf(node['oneOf']), ...listOf(node['anyOf'])]
  if (variant !== undefined) return made(variant, values, resolve, depth + 1)
  const type = [node['type']].flat().find((one) => one !== 'null')
  if (type === 'object' || node['properties'] !== undefined || node['allOf'] !== undefined) {
    const own = (propertiesOf(node, resolve, 0) ?? {}) as Json
    const parts = [node, ...listOf(node['allOf']).map(resolve)]
    const required = [...new Set(parts.flatMap((part) => listOf(part['required']).map(String)))]
    return Object.fromEntries(
      required.map((name) => [name, values[name] ?? made(own[name], values, resolve, depth + 1)]),
    )
  }
  if (type === 'array') return node['minItems'] ? [made(node['items'], values, resolve, depth + 1)] : []
  if (type === 'integer' || type === 'number') return typeof node['minimum'] === 'number' ? node['minimum'] : 1
  if (type === 'boolean') return false
  return type === 'string' ? textOf(String(node['format'] ?? ''), Number(node['minLength'] ?? 0)) : null
}

function textOf(format: string, length: number): string {
  if (format === 'date') return '2030-01-01'
  if (format === 'date-time') return '2030-01-01T00:00:00Z'
  if (format === 'uuid') return crypto.randomUUID()
  if (format === 'email') return 'someone@example.com'
  return 'authkit'.padEnd(length, '.')
}

/** A request of an operation with the values of one user, or the sentence that says what is missing. */
export function requestOf(operation: Operation, parameters: Parameters): Probe | string {
  const { method, path } = operation
  const special = parameters[`${method} ${path}`]
  const own = typeof special === 'object' ? special : {}
  const values: Readonly<Record<string, unknown>> = { ...parameters, ...own }
  let filled = path
  const query = new URLSearchParams()
  const headers: Record<string, string> = {}
  for (const { name, in: where, required, node } of operation.parameters) {
    const given = values[name]
    if (given === undefined && !required) continue
    const value = given ?? defaultOf(node, where)
    if (where === 'cookie' || (where === 'header' && /^(authorization|accept|content-type)$/i.test(name))) continue
    if (value === undefined) return `no value for ${name}`
    if (where === 'path') filled = filled.replaceAll(`{${name}}`, encodeURIComponent(String(value)))
    if (where === 'query') query.append(name, String(value))
    if (where === 'header') headers[name.toLowerCase()] = String(value)
  }
  for (const [, name = ''] of filled.matchAll(/\{([^}]+)\}/g)) {
    const value = values[name]
    if (value === undefined) return `no value for ${name}`
    filled = filled.replaceAll(`{${name}}`, encodeURIComponent(String(value)))
  }
  const reads = method === 'GET' || method === 'HEAD'
  const body = reads ? undefined : ((own as { body?: unknown }).body ?? operation.body(values))
  return {
    method,
    path: filled + (query.size > 0 ? `?${query}` : ''),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(body === undefined ? {} : { body }),
  }
}

/** An example of an id belongs to nobody, so only a choice of words counts in a path. */
function defaultOf(node: Json, where: string): unknown {
  const schema = node['schema'] as Json
  const chosen = schema['default'] ?? schema['const'] ?? listOf(schema['enum'])[0]
  if (chosen !== undefined || where === 'path') return chosen
  return node['example'] ?? schema['example'] ?? listOf(schema['examples'])[0]
}
