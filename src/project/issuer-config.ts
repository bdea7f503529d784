import { LOCAL_CLIENT_ID } from '../providers/local.js'

/** An application that may sign people in at the local issuer of `authkit dev`. */
export interface ClientConfig {
  readonly id: string
  readonly name?: string
  readonly redirectUris: readonly string[]
}

/** `authkit.issuer.clients` after {@link clientsProblem} has found none. */
export interface RawClient {
  readonly id: string
  readonly name?: string | null
  readonly redirect_uris: readonly string[]
}

const KEYS = ['id', 'name', 'redirect_uris']
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export function clientsOf(clients: readonly RawClient[]): readonly ClientConfig[] {
  return clients.map(({ id, name, redirect_uris }) => ({
    id,
    redirectUris: redirect_uris,
    ...(name ? { name } : {}),
  }))
}

/** What is wrong with the list, as a sentence without its subject; undefined where nothing is. */
export function clientsProblem(clients: readonly unknown[]): string | undefined {
  const ids = new Set<string>([LOCAL_CLIENT_ID])
  for (const [index, client] of clients.entries()) {
    const problem = clientProblem(client, ids)
    if (problem !== undefined) return `[${index}]${problem}`
  }
  return undefined
}

function clientProblem(client: unknown, taken: Set<string>): string | undefined {
  if (typeof client !== 'object' || client === null || Array.isArray(client))
    return ' must be an object such as { "id": "web", "redirect_uris": ["http://localhost:3000/callback"] }.'
  const { id, name, redirect_uris: uris } = client as Record<string, unknown>
  const unknown = Object.keys(client).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) return `.${unknown} is not a key that authkit knows. Known keys: ${KEYS.join(', ')}.`
  if (typeof id !== 'string' || !/^[\w.~-]{1,100}$/.test(id)) return '.id must be of letters, digits and . _ ~ -'
  if (taken.has(id)) return `.id is taken: "${id}" stands for another application.`
  taken.add(id)
  if (name !== undefined && name !== null && (typeof name !== 'string' || name.trim() === ''))
    return '.name must be a string.'
  if (!Array.isArray(uris) || uris.length === 0) return '.redirect_uris must be an array with at least one address.'
  const wrong = uris.find((uri) => !isCallback(uri))
  if (wrong === undefined) return undefined
  return '.redirect_uris may hold only addresses on this machine, such as "http://localhost:3000/callback".'
}

/** A callback on this machine: the answer of the issuer must not leave it. */
function isCallback(uri: unknown): boolean {
  if (typeof uri !== 'string') return false
  try {
    const { protocol, hostname, username, password, hash } = new URL(uri)
    const plain = username === '' && password === '' && hash === '' && !uri.includes('#')
    return plain && (protocol === 'http:' || protocol === 'https:') && LOOPBACK.includes(hostname)
  } catch {
    return false
  }
}
