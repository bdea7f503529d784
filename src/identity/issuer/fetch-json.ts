/** Why a provider could not be asked, or what it says of itself can't be used. Its message is for the developer. */
export class ProviderProblem extends Error {
  override readonly name = 'ProviderProblem'
  readonly kind: 'unavailable' | 'misconfigured'

  constructor(kind: 'unavailable' | 'misconfigured', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
  }
}

/** How long a provider may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000

/** The largest answer that is read, in bytes. The keys of the largest providers take a tenth of it. */
const MAX_BYTES = 512 * 1024

export interface JsonAnswer {
  readonly status: number
  /** Undefined where the body is no JSON. */
  readonly body: unknown
}

/** @throws ProviderProblem as {@link boundedFetch}. */
export async function fetchJson(url: string, init: RequestInit = {}): Promise<JsonAnswer> {
  const response = await boundedFetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } })
  return { status: response.status, body: valueIn(await response.text()) }
}

/**
 * `fetch` for providers, with bounds on time and size. Redirects are not followed: a request may carry a credential, and goes
 * to the address that was configured or to none.
 *
 * @throws ProviderProblem `unavailable` where nothing comes back in time, or too much.
 */
export async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    const { status, headers } = response
    const text = await textOf(response)
    return new Response(isEmptyByRule(status) ? null : text, { status, headers })
  } catch (error) {
    if (error instanceof ProviderProblem) throw error
    throw new ProviderProblem('unavailable', `${url} did not answer: ${reasonOf(error)}`, error)
  }
}

/** A Response refuses to be made with a body where HTTP has none. */
function isEmptyByRule(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

async function textOf({ url, body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  const reader = body?.getReader()
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    size += chunk.value.byteLength
    if (size > MAX_BYTES) {
      await reader?.cancel()
      throw new ProviderProblem('unavailable', `${url} sent more than ${MAX_BYTES} bytes`)
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
  return text + decoder.decode()
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A JSON object, or undefined for everything else. */
export function objectFrom(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** What fetch says of itself is "fetch failed"; why stands in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : cause instanceof Error ? cause.message : error.message
}
