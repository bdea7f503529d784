import { AuthkitError } from '../errors/authkit-error.js'
import { networkProblem } from '../login/protocol/errors.js'
import { secureUrl } from '../login/protocol/secure-url.js'

export type WebAnswer =
  | { readonly kind: 'unreached'; readonly why: string; readonly error?: AuthkitError }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly text: string
      /** Where it sends a browser next, absolute. */
      readonly location?: URL
      /** How far the clock of this machine is ahead of the server's, in milliseconds, by its Date header. */
      readonly aheadMs?: number
    }

/**
 * Requests to addresses that the user configured: over https or within this machine, bounded in time and size, without
 * following redirects.
 */
export interface Web {
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<WebAnswer>
}

export interface WebOptions {
  readonly fetch?: typeof fetch | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly timeoutMs: number
}

/** The longest page that is read, in characters. */
const LONGEST = 200_000

export function openWeb({ fetch: send = fetch, now = Date.now, timeoutMs }: WebOptions): Web {
  return {
    async get(url, headers = {}) {
      try {
        secureUrl(url, 'the provider')
        const before = now()
        const response = await send(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
        const middle = (before + now()) / 2
        const text = await beginningOf(response)
        const date = Date.parse(response.headers.get('date') ?? '')
        const next = response.headers.get('location')
        return {
          kind: 'answer',
          status: response.status,
          text,
          // The header has whole seconds: what it says is half a second early on average.
          ...(Number.isNaN(date) ? {} : { aheadMs: Math.round(middle - date - 500) }),
          ...(next !== null && URL.canParse(next, url) ? { location: new URL(next, url) } : {}),
        }
      } catch (error) {
        if (error instanceof AuthkitError) return { kind: 'unreached', why: error.message, error }
        return { kind: 'unreached', why: whyUnreached(error, timeoutMs) }
      }
    },
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  const reader = body?.getReader()
  let text = ''
  while (reader && text.length < LONGEST) {
    const { value, done } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
  await reader?.cancel()
  return text.slice(0, LONGEST)
}

function whyUnreached(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  return networkProblem(error) ?? (error instanceof Error ? error.message : 'it could not be asked')
}
