import type { CustomFetch } from 'openid-client'
import type { Provider, TokenAnswer } from '../../providers/provider.js'
import { secureUrl } from './secure-url.js'

export interface ProviderFetchOptions {
  readonly provider: Provider
  readonly fetch: typeof fetch
  /** Whose answers are made standard: the token endpoint, and the one of the device flow. */
  readonly endpoints: { readonly token?: string | undefined; readonly device?: string | undefined }
}

/**
 * How openid-client reaches a provider: only over https or within this machine, and with answers that leave RFC 6749 put
 * right before they are read. openid-client takes JSON only, and believes an error only where the status says so.
 */
export function providerFetch({ provider, fetch: send, endpoints }: ProviderFetchOptions): CustomFetch {
  return async (url, { method, headers, body, redirect, signal }) => {
    secureUrl(url, 'the provider')
    const response = await send(url, {
      method,
      headers,
      redirect,
      ...(body !== undefined && { body: body as BodyInit | null }),
      ...(signal !== undefined && { signal }),
    })
    if (url === endpoints.token) return standardAnswer(response, provider.tokenAnswer)
    return url === endpoints.device ? standardAnswer(response) : response
  }
}

type Normalise = NonNullable<Provider['tokenAnswer']>

async function standardAnswer(response: Response, normalise?: Normalise): Promise<Response> {
  const text = await response.text()
  const body = decoded(text, response.headers.get('content-type') ?? '')
  if (!body) return answerOf(response, response.status, text)
  const answer = normalise ? normalise(body, response.status) : { body, status: response.status }
  return answerOf(response, refusedStatus(answer), JSON.stringify(answer.body), 'application/json')
}

/** An error is an error, whatever the status says. */
function refusedStatus({ body, status }: TokenAnswer): number {
  return status === 200 && typeof body['error'] === 'string' && body['access_token'] === undefined ? 400 : status
}

function decoded(text: string, type: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  } catch {
    const isForm = /^(application\/x-www-form-urlencoded|text\/plain)/i.test(type) && text.includes('=')
    return isForm ? Object.fromEntries(new URLSearchParams(text)) : undefined
  }
}

/** A challenge would hide the error in the body, so it is left out. */
function answerOf({ headers }: Response, status: number, body: string, type = headers.get('content-type')): Response {
  const retryAfter = headers.get('retry-after')
  const empty = status === 204 || status === 205 || status === 304
  return new Response(empty ? null : body, {
    status,
    headers: {
      ...(type !== null && { 'content-type': type }),
      ...(retryAfter !== null && { 'retry-after': retryAfter }),
    },
  })
}
