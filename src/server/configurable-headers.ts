import { isReserved } from '../engine/reserved.js'
import type { HttpConfig } from './context.js'

/** Tracing, which LangGraph Platform passes on without being asked. */
const DEFAULT_INCLUDES = ['langsmith-trace', 'baggage*']

/**
 * Credentials, whatever langgraph.json asks for: what is configurable is shown to everything that a graph calls, and graphs
 * like to put it into their state.
 */
const CREDENTIAL = /token|secret|passw|credential|authorization|cookie|api[-_]?key/
const CREDENTIALS = ['x-tenant-id', 'x-service-key', 'x-auth-scheme']

/** What the server says about a run itself. A header must not say it in the place of a client that may not. */
const SERVER_KEYS = [
  '__proto__',
  'assistant_id',
  'checkpoint_id',
  'checkpoint_map',
  'checkpoint_ns',
  'graph_id',
  'run_id',
  'thread_id',
  'user_id',
]

/**
 * The headers of a request that the graph of a run finds in `config.configurable`, by their names in lower case: those of
 * tracing, and what `http.configurable_headers` of langgraph.json includes and does not exclude. Never a credential.
 *
 * @example
 * configurableHeaders(request.headers, { includes: ['x-*'], excludes: ['x-internal-*'] }) // { 'x-locale': 'de' }
 */
export function configurableHeaders(
  headers: Headers,
  config: HttpConfig['configurableHeaders'],
): Record<string, string> {
  const includes = [...DEFAULT_INCLUDES, ...(config?.includes ?? [])]
  const excludes = config?.excludes ?? []
  const matches = (globs: readonly string[], name: string) => globs.some((glob) => isLike(glob.toLowerCase(), name))
  return Object.fromEntries(
    [...headers].filter(([name]) => !isNever(name) && matches(includes, name) && !matches(excludes, name)),
  )
}

function isNever(name: string): boolean {
  return CREDENTIAL.test(name) || CREDENTIALS.includes(name) || SERVER_KEYS.includes(name) || isReserved(name)
}

/** `*` is any text, `?` one character. By hand: as a regular expression, many stars take for ever on a long name. */
function isLike(glob: string, name: string): boolean {
  let at = 0
  let read = 0
  // Where the last star stands, and how far it reached: it takes one character more whenever the rest does not fit.
  let star = -1
  let taken = 0
  while (read < name.length) {
    if (glob[at] === '*') {
      star = at++
      taken = read
    } else if (glob[at] === '?' || glob[at] === name[read]) {
      at++
      read++
    } else if (star !== -1) {
      at = star + 1
      read = ++taken
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
