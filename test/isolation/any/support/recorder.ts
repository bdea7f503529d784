import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Step {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Steps = readonly (Step | ((answers: readonly unknown[]) => Step))[]

/** What a browser saves: plays the steps as one user and writes down requests and answers. */
export async function record(url: URL, headers: Readonly<Record<string, string>>, steps: Steps): Promise<object> {
  const entries: object[] = []
  const answers: unknown[] = []
  for (const step of steps) {
    const { method = 'GET', path, body, headers: own } = typeof step === 'function' ? step(answers) : step
    const sent = { ...headers, ...own, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const text = body === undefined ? undefined : JSON.stringify(body)
    const response = await fetch(new URL(path, url), {
      method,
      headers: sent,
      ...(text === undefined ? {} : { body: text }),
    })
    const answer = await response.text()
    answers.push(parsed(answer))
    entries.push(entry({ method, url: new URL(path, url).href, headers: sent, text, status: response.status, answer }))
  }
  return { log: { version: '1.2', creator: { name: 'test', version: '1' }, entries } }
}

export function entry(seen: {
  method?: string
  url: string
  headers?: Readonly<Record<string, string>>
  text?: string | undefined
  status?: number
  answer?: string
}): object {
  const { method = 'GET', url, headers = {}, text, status = 200, answer = '{}' } = seen
  return {
    startedDateTime: '2030-01-01T00:00:00.000Z',
    time: 1,
    request: {
      method,
      url,
      httpVersion: 'HTTP/1.1',
      headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
      cookies: [],
      queryString: [],
      headersSize: -1,
      bodySize: -1,
      ...(text === undefined ? {} : { postData: { mimeType: 'application/json', text } }),
    },
    response: { status, content: { mimeType: 'application/json', size: answer.length, text: answer } },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A file with this content, in a folder of its own. */
export function fileOf(content: unknown, name = 'recorded.har'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'authkit-any-')), name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
