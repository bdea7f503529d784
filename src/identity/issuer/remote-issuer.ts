import type { CryptoKey, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { fetchJson, objectFrom, ProviderProblem } from './fetch-json.js'
import { createGate } from './gate.js'
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.js'
import { isSecure, isThisMachine } from './secure-url.js'

/** What a provider says of itself, as far as anybody here asks (OpenID Connect Discovery 3). */
export interface IssuerMetadata {
  readonly issuer: string
  readonly [field: string]: unknown
}

/** A provider that is trusted, by what it publishes. Nothing is asked before it is needed. */
export interface RemoteIssuer {
  readonly issuer: string
  /**
   * What its discovery document says.
   *
   * @throws ProviderProblem where there is none, or it is another issuer's.
   */
  metadata(): Promise<IssuerMetadata>
  /**
   * The key that a token names.
   *
   * @throws ProviderProblem where the keys can't be had, and JOSEError where the token's is not among them.
   */
  readonly key: JWTVerifyGetKey
  /** How long it is left alone after it failed, in milliseconds. */
  closedForMs(): number
}

export interface RemoteIssuerOptions {
  readonly issuer: string
  /** Where its discovery document stands. */
  readonly discoveryUrl: string
  /** Takes keys over plain http too, from wherever the document says. */
  readonly allowHttp: boolean
}

/** After this time the document is read again, while the one that is there goes on being used. */
const FRESH_MS = 60 * 60_000
/** After this time, without another, it is not used any more. */
const USABLE_MS = 24 * 60 * 60_000

/** Where OpenID Connect Discovery 4 puts the document of an issuer. */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

export function createRemoteIssuer({ issuer, discoveryUrl, allowHttp }: RemoteIssuerOptions): RemoteIssuer {
  const gate = createGate(() => discover(issuer, discoveryUrl))
  let known: { readonly metadata: IssuerMetadata; readonly readAt: number } | undefined
  let keys: IssuerKeys | undefined

  async function read(): Promise<IssuerMetadata> {
    const metadata = await gate.ask()
    known = { metadata, readAt: performance.now() }
    return metadata
  }

  async function metadata(): Promise<IssuerMetadata> {
    const age = known === undefined ? Number.POSITIVE_INFINITY : performance.now() - known.readAt
    if (!known || age > USABLE_MS) return await read()
    // Nobody waits for it, and while it fails the one that is there does.
    if (age > FRESH_MS) read().catch(() => undefined)
    return known.metadata
  }

  async function key(header: JWSHeaderParameters, token: Parameters<JWTVerifyGetKey>[1]): Promise<CryptoKey> {
    const url = keysUrlOf(await metadata(), discoveryUrl, allowHttp)
    if (keys?.url !== url) keys = createIssuerKeys(url)
    return await keys.find(header, token)
  }

  return { issuer, metadata, key, closedForMs: () => Math.max(gate.closedForMs(), keys?.closedForMs() ?? 0) }
}

async function discover(issuer: string, url: string): Promise<IssuerMetadata> {
  const { status, body: answer } = await fetchJson(url)
  const body = objectFrom(answer)
  if (status !== 200 || !body) {
    throw new ProviderProblem('unavailable', `${url} answered ${status}${body ? '' : ' and no JSON object'}`)
  }
  if (body['issuer'] !== issuer) {
    const hint = String(body['issuer']).includes('{tenantid}') ? ': name your tenants with `tenants`' : ''
    throw new ProviderProblem(
      'misconfigured',
      `${url} is the document of ${JSON.stringify(body['issuer'])}, expected ${JSON.stringify(issuer)}${hint}`,
    )
  }
  return { ...body, issuer }
}

function keysUrlOf({ jwks_uri }: IssuerMetadata, discoveryUrl: string, allowHttp: boolean): string {
  const url = typeof jwks_uri === 'string' && URL.canParse(jwks_uri) ? new URL(jwks_uri) : undefined
  if (!url) throw new ProviderProblem('misconfigured', `${discoveryUrl} names no jwks_uri`)
  // A document from elsewhere must not make this server ask itself.
  const ownMachine = isThisMachine(url.hostname) && !isThisMachine(new URL(discoveryUrl).hostname)
  if (!ownMachine && (isSecure(url) || (allowHttp && url.protocol === 'http:'))) return url.href
  throw new ProviderProblem('misconfigured', `${discoveryUrl} names the jwks_uri ${url.href}, which is not safe`)
}
