import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import { LOCAL_ISSUER_PATH } from '../providers/local.js'
import { isLoopback } from './protocol/secure-url.js'

export interface DevServerOptions {
  /** Of the project. */
  readonly folder: string
  /** Where else a server may be: those that `authkit dev` takes by itself. */
  readonly ports?: readonly number[]
  readonly fetch?: typeof fetch
}

/** What `authkit dev` takes where no port is named: 2024, or the next that is free. */
const PORTS = Array.from({ length: 21 }, (_, index) => 2024 + index)

/**
 * How long a server has to answer, in milliseconds. The first question makes `authkit dev` load its issuer, which takes a
 * while on a busy machine. Where nobody listens, nobody is waited for.
 */
const ANSWER_MS = 10_000

/**
 * The running `authkit dev` to sign in at: the one that says in `.authkit/dev.json` that it serves this folder, else the only
 * one on the ports that it takes by itself. Whatever answers there is held to be one only where it names the local issuer of
 * that very address.
 *
 * @returns The issuer, or undefined where there is none.
 * @throws AuthkitError `login_not_configured` where there are several, or this folder's has no issuer.
 */
export async function findLocalIssuer({
  folder,
  ports = PORTS,
  fetch: send = fetch,
}: DevServerOptions): Promise<string | undefined> {
  const own = await announcedIn(folder)
  if (own !== undefined) {
    const issuer = await issuerOf(own, send)
    if (issuer !== undefined) return issuer
    if (await answers(own, send)) {
      throw new AuthkitError('login_not_configured', `authkit dev runs at ${own} without its local issuer.`, {
        hint: 'Start it on loopback and without --no-issuer, or name a provider: --issuer URL or --provider NAME.',
      })
    }
  }
  const found = await Promise.all(ports.map((port) => issuerOf(`http://127.0.0.1:${port}`, send)))
  const issuers = found.filter((issuer) => issuer !== undefined)
  if (issuers.length > 1) {
    throw new AuthkitError('login_not_configured', `${issuers.length} servers of authkit dev run on this machine.`, {
      hint: `Run it in the folder of the project, or name one: ${issuers.map((issuer) => `--issuer ${issuer}`).join(' or ')}.`,
    })
  }
  return issuers[0]
}

/** Only an address on this machine is followed, whoever wrote the file. */
async function announcedIn(folder: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(folder, '.authkit', 'dev.json'), 'utf8')) as { url?: unknown }
    const parsed = new URL(String(url))
    return parsed.protocol === 'http:' && isLoopback(parsed) ? parsed.origin : undefined
  } catch {
    return undefined
  }
}

async function issuerOf(origin: string, send: typeof fetch): Promise<string | undefined> {
  const issuer = origin + LOCAL_ISSUER_PATH
  const document = await ask(`${issuer}/.well-known/openid-configuration`, send)
  return document?.['issuer'] === issuer ? issuer : undefined
}

async function answers(origin: string, send: typeof fetch): Promise<boolean> {
  return (await ask(`${origin}/ok`, send))?.['ok'] === true
}

async function ask(url: string, send: typeof fetch): Promise<Record<string, unknown> | undefined> {
  const limit = new AbortController()
  // It keeps the process: that of AbortSignal.timeout does not, and a server that never answers doesn't either.
  const patience = setTimeout(() => limit.abort(), ANSWER_MS)
  try {
    const response = await send(url, { redirect: 'error', signal: limit.signal })
    const body: unknown = await response.json()
    return response.ok && typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
  } catch {
    return undefined
  } finally {
    clearTimeout(patience)
  }
}
