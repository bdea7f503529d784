import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Probe } from '../probe.js'
import { nameOf, parseJson, readText } from './config.js'

const Pair = z.object({ name: z.string(), value: z.string() })

/** What is used of a HAR 1.2 entry. Browsers leave out and add as they like. */
const Entry = z.object({
  request: z.object({
    method: z.string(),
    url: z.string(),
    headers: z.array(Pair).default([]),
    postData: z.object({ mimeType: z.string().optional(), text: z.string().optional() }).nullish(),
  }),
  response: z
    .object({
      status: z.number(),
      content: z
        .object({ mimeType: z.string().optional(), text: z.string().optional(), encoding: z.string().optional() })
        .optional(),
    })
    .optional(),
  _resourceType: z.string().optional(),
  _webSocketMessages: z.unknown().optional(),
})

const Har = z.object({ log: z.object({ entries: z.array(z.unknown()) }) })

export interface Recorded {
  readonly url: URL
  /** Its path is the whole path of the URL. */
  readonly probe: Probe
  readonly answer: { readonly status: number; readonly body: string }
}

export interface Recording {
  readonly requests: readonly Recorded[]
  /** Why requests were left out, one word for each. */
  readonly leftOut: readonly string[]
  /** Credentials that stood in it. */
  readonly secrets: readonly string[]
}

/** Headers that a client sets for itself, or that would make the answer another one. */
const UNNEEDED =
  /^(:|sec-|if-|proxy-|host$|connection$|content-length$|transfer-encoding$|accept-encoding$|accept-language$|user-agent$|referer$|priority$|range$|te$|upgrade|pragma$|cache-control$|dnt$|traceparent$|tracestate$|baggage$|sentry-)/
/** A header that says who is calling. */
const CREDENTIAL = /auth|token|session|cookie|csrf|xsrf|api-?key|secret|credential|signature|jwt/
const CREDENTIAL_PARAMETER = /^(access_?token|api_?key|auth(_?token)?|id_token|jwt|session(_?id)?|sig(nature)?)$/i
const SECRET_FIELD = /"(?:\w*password|passwd|\w*secret|otp|pin|\w*token)"\s*:\s*"([^"]{4,})"/gi
const JWT = /^eyJ[\w-]+\.[\w-]+\./
const STATIC = /^(image|font|audio|video)\/|^text\/css|javascript/
const MAX_ANSWER = 1024 * 1024

/** Reads a recording. Throws `usage` for what is none; entries that are odd are left out and counted. */
export function readHar(file: string, flag: string): Recording {
  const parsed = Har.safeParse(parseJson(file, readText(file, flag)))
  if (!parsed.success) {
    throw new AuthkitError('usage', `${nameOf(file)} is no HAR: it has no log.entries.`, {
      hint: 'Save one in the Network tab of the browser: "Export HAR" or "Save all as HAR".',
    })
  }
  const requests: Recorded[] = []
  const leftOut: string[] = []
  const secrets: string[] = []
  for (const one of parsed.data.log.entries) {
    const entry = Entry.safeParse(one)
    const found = entry.success ? recordedFrom(entry.data, secrets) : 'not understood'
    if (typeof found === 'string') leftOut.push(found)
    else requests.push(found)
  }
  return { requests, leftOut, secrets }
}

function recordedFrom(entry: z.output<typeof Entry>, secrets: string[]): Recorded | string {
  const { request, response, _webSocketMessages } = entry
  if (!URL.canParse(request.url)) return 'not understood'
  const url = new URL(request.url)
  const method = request.method.toUpperCase()
  if (_webSocketMessages !== undefined || response?.status === 101 || /^wss?:$/.test(url.protocol)) return 'websocket'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'no http'
  if (!/^[A-Z]+$/.test(method) || method === 'OPTIONS' || method === 'CONNECT') return 'preflight'
  const { content } = response ?? {}
  if (
    STATIC.test(content?.mimeType ?? '') ||
    /^(image|font|stylesheet|script|media)$/.test(entry._resourceType ?? '')
  ) {
    return 'static file'
  }
  const headers: Record<string, string> = {}
  for (const { name, value } of request.headers) {
    const lower = name.toLowerCase()
    if (CREDENTIAL.test(lower)) secrets.push(...secretsIn(lower, value))
    else if (!UNNEEDED.test(lower) && lower !== 'content-type' && /^[\x20-\x7e]*$/.test(value)) headers[lower] = value
  }
  for (const [name, value] of [...url.searchParams]) {
    if (!CREDENTIAL_PARAMETER.test(name) && !JWT.test(value)) continue
    secrets.push(value)
    url.searchParams.delete(name)
  }
  const text = request.postData?.text
  if (request.postData && text === undefined && method !== 'GET') return 'body not recorded'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what tells a binary body
  if (text !== undefined && /[\u0000\ufffd]/.test(text)) return 'binary body'
  for (const [, secret] of text?.matchAll(SECRET_FIELD) ?? []) if (secret) secrets.push(secret)
  const type = request.postData?.mimeType ?? request.headers.find(({ name }) => /^content-type$/i.test(name))?.value
  const probe: Probe = {
    method,
    path: url.pathname + url.search,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(text === undefined || method === 'GET' || method === 'HEAD' ? {} : { raw: { text, type: type ?? null } }),
  }
  return { url, probe, answer: { status: response?.status ?? 0, body: answerOf(content) } }
}

function secretsIn(header: string, value: string): string[] {
  if (header === 'cookie') return value.split(/;\s*/).map((pair) => pair.slice(pair.indexOf('=') + 1))
  return [value, value.slice(value.lastIndexOf(' ') + 1)]
}

function answerOf(content: NonNullable<z.output<typeof Entry>['response']>['content']): string {
  const text = content?.text ?? ''
  if (text.length > MAX_ANSWER) return ''
  return content?.encoding === 'base64' ? Buffer.from(text, 'base64').toString('utf8') : text
}
