import { nearest } from '../errors/nearest.js'
import { clientsProblem } from './issuer-config.js'
import { domainOf, isModule } from './service-config.js'
import { headerProblem, WEBHOOK_ENV_PREFIX } from './webhook-headers.js'

/** What a value has to be: how it is said to people, and how it is checked. */
interface Shape {
  readonly expects: string
  readonly accepts: (value: unknown) => boolean
}

/** One key of langgraph.json. */
interface Key extends Shape {
  /** What a developer loses because `authkit dev` ignores the key. Keys without it are used, or mean nothing here. */
  readonly ignored?: string
  /** The keys inside, where the value is an object of known keys. */
  readonly keys?: Readonly<Record<string, Key>>
}

/** What is wrong with langgraph.json, and where: `['http', 'cors']`. */
export interface KeyProblem {
  readonly at: readonly string[]
  readonly text: string
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

const isScope = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))

const flag: Key = { expects: 'true or false', accepts: (value) => typeof value === 'boolean' }
const text: Key = { expects: 'a string', accepts: (value) => typeof value === 'string' }
const texts: Key = {
  expects: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
}
const object: Key = { expects: 'an object', accepts: isObject }
const anything: Key = { expects: 'any value', accepts: () => true }
const seconds: Key = {
  expects: 'a whole number of seconds',
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
}
const minutes: Key = {
  expects: 'a number of minutes above 0',
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
}
const count: Key = {
  expects: 'a whole number above 0',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) > 0,
}
const ports: Key = {
  expects: 'an array of port numbers',
  accepts: (value) =>
    Array.isArray(value) && value.every((port) => Number.isInteger(port) && port > 0 && port < 65_536),
}
const domains: Key = {
  expects: 'an array of host names such as "hooks.example.com" or "*.example.com"',
  accepts: (value) =>
    Array.isArray(value) && value.every((domain) => typeof domain === 'string' && domainOf(domain) !== ''),
}
const headers: Key = {
  expects: 'an object of strings',
  accepts: (value) => isObject(value) && Object.values(value).every((item) => typeof item === 'string'),
}
const modulePath: Key = { expects: 'a path such as "./auth.ts:auth"', accepts: isText }
const pattern: Key = {
  expects: 'a regular expression, as a string',
  accepts: (value) => typeof value === 'string' && isPattern(value),
}
const variables: Key = {
  expects: 'a path such as ".env", or an object of strings',
  accepts: (value) =>
    isText(value) || (isObject(value) && Object.values(value).every((item) => typeof item === 'string')),
}
const graph: Key = {
  expects: 'a path such as "./agent.ts:graph", or { "path": ..., "description": ... }',
  accepts: (value) => isText(value) || isObject(value),
}

function oneOf(...words: readonly string[]): Key {
  return { expects: words.map((word) => `"${word}"`).join(' or '), accepts: (value) => words.includes(value as string) }
}

function section(keys: Readonly<Record<string, Key>>): Key {
  return { ...object, keys }
}

function ignored(key: Key, loss: string): Key {
  return { ...key, ignored: loss }
}

const GRAPH_KEYS = { path: { ...modulePath, expects: 'a path such as "./agent.ts:graph"' }, description: text }

const CORS_KEYS = {
  allow_origins: texts,
  allow_methods: texts,
  allow_headers: texts,
  allow_credentials: flag,
  allow_origin_regex: pattern,
  expose_headers: texts,
  max_age: seconds,
}

const CHECKPOINTS = 'checkpoints are kept in the database of authkit dev'

/** `*` stands for any text, `?` for one character. */
const GLOBS_KEYS = { includes: texts, excludes: texts }

const WEBHOOK_KEYS = {
  url: section({
    allowed_domains: domains,
    allowed_ports: ports,
    require_https: flag,
    disable_loopback: flag,
    max_url_length: count,
  }),
  headers,
  env_prefix: { expects: 'the beginning of a name, such as "LG_WEBHOOK_"', accepts: (value) => isText(value) },
} satisfies Record<string, Key>

const STORE_KEYS = {
  index: section({
    dims: count,
    embed: { ...modulePath, expects: 'a path such as "./embed.ts:embed"' },
    fields: texts,
  }),
  ttl: section({ default_ttl: minutes, refresh_on_read: flag, sweep_interval_minutes: minutes }),
}

const CHECKPOINTER_KEYS = {
  backend: ignored(anything, CHECKPOINTS),
  path: ignored(anything, CHECKPOINTS),
  serde: ignored(anything, CHECKPOINTS),
  ttl: section({
    strategy: oneOf('delete', 'keep_latest'),
    default_ttl: minutes,
    sweep_interval_minutes: minutes,
    sweep_limit: count,
  }),
}

/** Ours, for what LangGraph has no key for; it passes over them. */
const AUTHKIT_KEYS = {
  unscoped_graph_store: flag,
  login: section({
    provider: text,
    issuer: text,
    client_id: text,
    scope: { expects: 'a string such as "openid email", or an array of strings', accepts: isScope },
    audience: text,
  }),
  issuer: section({ clients: { expects: 'an array of applications', accepts: Array.isArray } }),
}

/**
 * Every key that LangGraph knows. By hand and not by a schema library: the messages are ours anyway, and importing one
 * costs a fifth of the time that `authkit dev` has to start.
 */
const KEYS: Readonly<Record<string, Key>> = {
  $schema: text,
  graphs: object,
  env: variables,
  auth: section({
    path: modulePath,
    disable_studio_auth: flag,
    cache: ignored(object, 'authenticate runs on every request'),
    openapi: object,
  }),
  http: section({
    app: ignored(modulePath, 'its routes are not served'),
    cors: section(CORS_KEYS),
    disable_assistants: flag,
    disable_threads: flag,
    disable_runs: flag,
    disable_store: flag,
    disable_meta: flag,
    disable_mcp: flag,
    disable_a2a: flag,
    disable_ui: flag,
    disable_webhooks: flag,
    configurable_headers: section(GLOBS_KEYS),
    logging_headers: object,
    enable_custom_route_auth: flag,
    middleware_order: text,
    mount_prefix: ignored(text, 'the API is served at /'),
  }),
  store: section(STORE_KEYS),
  checkpointer: section(CHECKPOINTER_KEYS),
  webhooks: section(WEBHOOK_KEYS),
  authkit: section(AUTHKIT_KEYS),
  encryption: ignored(object, 'the database of authkit dev is not encrypted'),
  ui: ignored(object, 'no UI components are served'),
  ui_config: object,
  node_version: { expects: 'a string such as "22"', accepts: isText },
  python_version: text,
  dependencies: texts,
  pip_config_file: text,
  pip_installer: text,
  source: anything,
  base_image: text,
  image_distro: text,
  dockerfile_lines: texts,
  docker_compose_file: text,
  api_version: text,
  keep_pkg_tools: anything,
  node_loader: text,
  _INTERNAL_docker_tag: text,
}

/**
 * Holds a parsed langgraph.json against the table of keys: its first problem, or what is ignored in it. A null counts as
 * an absent key, as LangGraph's own schema has it.
 */
export function checkKeys(config: unknown): { problem: KeyProblem | undefined; warnings: readonly string[] } {
  const warnings: string[] = []
  const problem =
    problemIn(section(KEYS), config, [], warnings) ??
    problemInGraphs(config) ??
    problemInWebhookHeaders(config) ??
    problemInStoreIndex(config) ??
    problemInIssuerClients(config)
  return { problem, warnings }
}

function problemIn(key: Key, value: unknown, at: readonly string[], warnings: string[]): KeyProblem | undefined {
  if (!key.accepts(value))
    return { at, text: `${nameOf(at)} must be ${key.expects}, not ${describe(value)}.${adviceFor(at, value)}` }
  if (key.ignored) warnings.push(`${at.join('.')} is ignored by authkit dev: ${key.ignored}.`)
  if (!key.keys) return undefined
  for (const [name, inner] of Object.entries(value as Record<string, unknown>)) {
    const known = Object.hasOwn(key.keys, name) ? key.keys[name] : undefined
    if (!known)
      return {
        at: [...at, name],
        text: `${nameOf([...at, name])} is not a key that ${at[0] === 'authkit' ? 'authkit' : 'LangGraph'} knows. ${suggest(name, Object.keys(key.keys))}`,
      }
    if (inner === null) continue
    const problem = problemIn(known, inner, [...at, name], warnings)
    if (problem) return problem
  }
  return undefined
}

function problemInGraphs(config: unknown): KeyProblem | undefined {
  const { graphs } = config as { graphs?: Record<string, unknown> | null }
  for (const [name, value] of Object.entries(graphs ?? {})) {
    const at = ['graphs', name]
    const problem = problemIn(isObject(value) ? { ...graph, keys: GRAPH_KEYS } : graph, value, at, [])
    if (problem) return problem
    if (isObject(value) && !isText(value['path']))
      return { at, text: `${nameOf(at)} needs a "path", such as "./agent.ts:graph".` }
  }
  return undefined
}

function problemInWebhookHeaders(config: unknown): KeyProblem | undefined {
  const { webhooks } = config as {
    webhooks?: { headers?: Record<string, string> | null; env_prefix?: string | null } | null
  }
  for (const [name, template] of Object.entries(webhooks?.headers ?? {})) {
    const at = ['webhooks', 'headers', name]
    const problem = headerProblem(name, template, webhooks?.env_prefix ?? WEBHOOK_ENV_PREFIX)
    if (problem !== undefined) return { at, text: `${nameOf(at)} ${problem}` }
  }
  return undefined
}

function problemInStoreIndex(config: unknown): KeyProblem | undefined {
  const { store } = config as { store?: { index?: { embed?: string | null; dims?: number | null } | null } | null }
  const { embed, dims } = store?.index ?? {}
  if (!embed || !isModule(embed) || dims) return undefined
  return { at: ['store', 'index'], text: 'store.index needs "dims", the length of the vectors that embed makes.' }
}

function problemInIssuerClients(config: unknown): KeyProblem | undefined {
  const { authkit } = config as { authkit?: { issuer?: { clients?: readonly unknown[] | null } | null } | null }
  const text = clientsProblem(authkit?.issuer?.clients ?? [])
  return text === undefined
    ? undefined
    : { at: ['authkit', 'issuer', 'clients'], text: `authkit.issuer.clients${text}` }
}

function nameOf(at: readonly string[]): string {
  return at.length === 0 ? 'The file' : at.join('.')
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  // Not the string itself: what stands in the wrong place may be a secret.
  if (typeof value === 'string') return value.trim() === '' ? 'an empty string' : 'a string'
  return typeof value === 'object' ? 'an object' : String(value)
}

function adviceFor(at: readonly string[], value: unknown): string {
  if (at[0] !== 'env' || !Array.isArray(value)) return ''
  return ' Python projects may list names there; name the file with the values instead.'
}

function suggest(wrong: string, known: readonly string[]): string {
  const { word, edits } = nearest(wrong, known)
  const guess = `Did you mean "${word}"?`
  return edits <= Math.max(2, word.length / 3) ? guess : `${guess} Known keys: ${known.join(', ')}.`
}

function isPattern(source: string): boolean {
  try {
    return Boolean(new RegExp(source))
  } catch {
    return false
  }
}
