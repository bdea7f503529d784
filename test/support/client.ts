import { request as httpRequest } from 'node:http'

export type Json = Record<string, unknown>

/** An answer, read to its end. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. */
  json<T = Json>(): T
}

export interface Client {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** The answer as it comes, for streams. */
  open(method: string, path: string, body?: unknown, init?: RequestInit): Promise<Response>
  /** Makes a thread, and answers with its id. */
  thread(body?: Json): Promise<string>
  assistant(body?: Json): Promise<string>
}

export function clientOf(url: string, user: string | undefined): Client {
  const token: Record<string, string> = user === undefined ? {} : { authorization: `Bearer ${user}` }

  function open(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...token }
    return fetch(url + path, { ...init, method, ...content, headers: { ...headers, ...(init.headers as object) } })
  }

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return replyOf(await open(method, path, body, { headers }))
  }

  async function made(path: string, body: Json, key: string): Promise<string> {
    const reply = await call('POST', path, body)
    if (reply.status !== 200) throw new Error(`POST ${path}: ${reply.status} ${reply.text}`)
    return String(reply.json()[key])
  }

  return {
    open,
    call,
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body = {}, headers) => call('POST', path, body, headers),
    thread: (body = {}) => made('/threads', body, 'thread_id'),
    assistant: (body = {}) => made('/assistants', { graph_id: 'agent', ...body }, 'assistant_id'),
  }
}

export async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T }
}

/** A request whose path and headers go on the wire as they are: `fetch` would tidy both. */
export function rawRequest(
  url: string,
  { method = 'GET', path, headers = {} }: { method?: string; path: string; headers?: Record<string, string> },
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    request.once('error', reject)
    request.end()
  })
}

/** Asks until the answer satisfies, or gives up. */
export async function until<T>(ask: () => Promise<T> | T, satisfies: (answer: T) => boolean, ms = 5000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (satisfies(answer)) return answer
    if (performance.now() > end) throw new Error(`Still ${JSON.stringify(answer)} after ${ms} ms.`)
    await sleep(10)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
