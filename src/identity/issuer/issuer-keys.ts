import type { CryptoKey, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { fetchJson, objectFrom, ProviderProblem } from './fetch-json.js'
import { createGate } from './gate.js'

/** The keys that an issuer signs with, from its JWKS. */
export interface IssuerKeys {
  readonly url: string
  /**
   * The key that a token names. A key that is not known makes it read the set again, though not within {@link COOLDOWN_MS}.
   *
   * @throws ProviderProblem where there are no keys to be had, and JOSEError where the token's is not among them.
   */
  find(header: JWSHeaderParameters, token: Parameters<JWTVerifyGetKey>[1]): Promise<CryptoKey>
  closedForMs(): number
}

/** How soon after it was read a token with an unknown key makes it read again. */
const COOLDOWN_MS = 30_000
/** After this time the keys are read again, while those that are there go on being used. */
const FRESH_MS = 10 * 60_000
/** After this time, without others, they are not used any more. */
const USABLE_MS = 24 * 60 * 60_000

export function createIssuerKeys(url: string): IssuerKeys {
  const gate = createGate(() => readKeys(url))
  let readAt: number | undefined
  let loading: Promise<RemoteKeys> | undefined

  async function open(): Promise<RemoteKeys> {
    const { createRemoteJWKSet, customFetch } = await import('jose')
    return createRemoteJWKSet(new URL(url), {
      cooldownDuration: COOLDOWN_MS,
      // How long they are used is decided here: the time after which jose refuses them is an outage for everybody.
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: async () => {
        const set = await gate.ask()
        readAt = performance.now()
        return Response.json(set)
      },
    })
  }

  async function find(header: JWSHeaderParameters, token: Parameters<JWTVerifyGetKey>[1]): Promise<CryptoKey> {
    loading ??= open()
    const keys = await loading
    if (readAt !== undefined) {
      const age = performance.now() - readAt
      if (age > USABLE_MS) await keys.reload()
      // Nobody waits for it, and while it fails those that are there do.
      else if (age > FRESH_MS) keys.reload().catch(() => undefined)
    }
    return await keys(header, token)
  }

  return { url, find, closedForMs: gate.closedForMs }
}

type RemoteKeys = ReturnType<typeof import('jose').createRemoteJWKSet>

async function readKeys(url: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await fetchJson(url, { headers: { accept: 'application/jwk-set+json, application/json' } })
  const set = objectFrom(body)
  if (status !== 200 || !Array.isArray(set?.['keys'])) {
    throw new ProviderProblem('unavailable', `${url} answered ${status}${status === 200 ? ' and no key set' : ''}`)
  }
  return set
}
