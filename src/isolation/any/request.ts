import { bodyOf, type Probe } from '../probe.js'
import type { Operation } from './openapi.js'

/** Where an id stands in a request. */
export interface Place {
  readonly in: 'path' | 'query' | 'body' | 'header'
  /** The name of the parameter, as far as it has one. */
  readonly name: string
  readonly value: string
  /** The segment of a path, or the keys that lead to a field of a body. */
  readonly at: readonly (string | number)[]
}

/** One request of a recording, or one that was made from a specification. */
export interface ApiRequest {
  readonly probe: Probe
  /** With its ids taken out: `GET /orders/{id}`. */
  readonly route: string
  readonly places: readonly Place[]
  readonly operation?: Operation | undefined
  /** What was answered when it was recorded. */
  readonly answer?: { readonly status: number; readonly body: string } | undefined
}

/** Why a request takes no part, or `undefined` where it does. */
export type LeftOut = string

const SAFE_WORDS = /(^|[/_.:-])(search|query|list|count)$/i
const ENDS_SOMETHING = /log-?out|sign-?out|log-?off|revoke|delete|remove|destroy|unsubscribe|disconnect|unlink/i

/** Whether a request changes nothing, as far as its method, its name and the user say. */
export function isSafe(probe: Probe, declaredSafe: (method: string, path: string) => boolean): boolean {
  const path = pathOf(probe)
  if (['GET', 'HEAD', 'OPTIONS'].includes(probe.method)) return true
  if (probe.method !== 'POST') return false
  if (declaredSafe(probe.method, path)) return true
  if (/\/graphql$/i.test(path)) return isGraphqlQuery(probe)
  return SAFE_WORDS.test(path)
}

/** A GET that ends a session or deletes something is not repeated, whatever HTTP says about GET. */
export function endsSomething(probe: Probe): boolean {
  return ENDS_SOMETHING.test(pathOf(probe))
}

function isGraphqlQuery(probe: Probe): boolean {
  const body = jsonBody(probe)
  const documents = (Array.isArray(body) ? body : [body]).map((one) => (one as { query?: unknown } | undefined)?.query)
  return documents.every(
    (query) =>
      typeof query === 'string' &&
      /^\s*(query\b|\{|fragment\b)/.test(query) &&
      !/\b(mutation|subscription)\b/.test(query),
  )
}

export function pathOf({ path }: Probe): string {
  return path.split('?')[0] ?? ''
}

export function jsonBody(probe: Probe): unknown {
  const text = bodyOf(probe)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Two requests that are the same request. */
export function keyOf(probe: Probe): string {
  return `${probe.method} ${probe.path} ${bodyOf(probe) ?? ''} ${JSON.stringify(probe.headers ?? {})}`
}

/** Paths whose ids are known by name, the most exact first. */
export type Templates = readonly (readonly string[])[]

export function createTemplates(paths: readonly string[]): Templates {
  const literals = (segments: readonly string[]) => segments.filter((segment) => !isParameter(segment)).length
  return [...new Set(paths)].map((path) => path.split('/')).sort((a, b) => literals(b) - literals(a))
}

const isParameter = (segment: string) => segment.includes('{')

/** The ids of a request: where a template has a parameter, and otherwise what looks like one. */
export function describe(
  probe: Probe,
  templates: Templates,
  names: ReadonlySet<string> = new Set(),
): { route: string; places: Place[]; template: string | undefined } {
  const segments = pathOf(probe).split('/')
  const template = templates.find(
    (wanted) =>
      wanted.length === segments.length &&
      wanted.every((segment, index) => (isParameter(segment) ? segments[index] !== '' : segment === segments[index])),
  )
  const places: Place[] = []
  const named = segments.map((segment, index) => {
    const parameter = template?.[index]
    if (template ? !isParameter(parameter ?? '') : !isId(segment, names)) return segment
    const name = parameter?.replace(/^[^{]*\{|\}.*$/g, '') ?? 'id'
    places.push({ in: 'path', name, value: decoded(segment), at: [index] })
    return parameter ?? '{id}'
  })
  for (const [name, value] of new URLSearchParams(probe.path.split('?')[1] ?? '')) {
    if (isId(value, names)) places.push({ in: 'query', name, value, at: [name] })
  }
  for (const [name, value] of Object.entries(probe.headers ?? {})) {
    if (name.startsWith('x-') && typeof value === 'string' && isId(value, names)) {
      places.push({ in: 'header', name, value, at: [name] })
    }
  }
  collectBody(jsonBody(probe), [], names, places)
  return { route: `${probe.method} ${named.join('/')}`, places, template: template?.join('/') }
}

function collectBody(value: unknown, at: (string | number)[], names: ReadonlySet<string>, places: Place[]): void {
  if (typeof value === 'string' || typeof value === 'number') {
    const name = at.findLast((key) => typeof key === 'string') ?? ''
    const text = String(value)
    if (isId(text, names) && (typeof value === 'string' || /id$/i.test(name))) {
      places.push({ in: 'body', name, value: text, at })
    }
  } else if (value !== null && typeof value === 'object' && at.length < 8) {
    for (const [key, inner] of Object.entries(value)) {
      collectBody(inner, [...at, Array.isArray(value) ? Number(key) : key], names, places)
    }
  }
}

/** Numbers, UUIDs, letters mixed with digits, scoped names, addresses, and the names that Alice goes by. */
function isId(text: string, names: ReadonlySet<string>): boolean {
  const clean = decoded(text)
  if (clean.length > 200 || /\s/.test(clean)) return false
  if (names.has(clean) || /^\d+$/.test(clean)) return true
  if (/^v\d+(\.\d+)*$/.test(clean) || /^\d{4}-\d\d(-\d\d)?/.test(clean) || clean.includes('://')) return false
  if (/.@|^@.*\//.test(clean)) return true
  return clean.length >= 6 && /\d/.test(clean) && /[a-z]/i.test(clean) && !/[,;()]/.test(clean)
}

/** The same request with other ids. */
export function swapped(probe: Probe, changes: readonly (readonly [place: Place, value: string])[]): Probe {
  let { path } = probe
  let { headers } = probe
  let body = jsonBody(probe)
  for (const [{ in: where, at, name }, value] of changes) {
    const [before = '', query] = path.split('?')
    if (where === 'path') {
      const segments = before.split('/')
      segments[Number(at[0])] = encodeURIComponent(value)
      path = segments.join('/') + (query === undefined ? '' : `?${query}`)
    } else if (where === 'query') {
      const parameters = new URLSearchParams(query)
      parameters.set(name, value)
      path = `${before}?${parameters}`
    } else if (where === 'header') {
      headers = { ...headers, [name]: value }
    } else {
      body = replacedIn(body, at, value)
    }
  }
  const text = bodyOf(probe)
  return {
    method: probe.method,
    path,
    ...(headers ? { headers } : {}),
    ...(text === undefined
      ? {}
      : body === undefined
        ? { raw: probe.raw ?? { text } }
        : { raw: { text: JSON.stringify(body) } }),
  }
}

function replacedIn(value: unknown, [key, ...rest]: readonly (string | number)[], put: string): unknown {
  if (key === undefined) return typeof value === 'number' && /^\d+$/.test(put) ? Number(put) : put
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  copy[key] = replacedIn(copy[key], rest, put)
  return copy
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
