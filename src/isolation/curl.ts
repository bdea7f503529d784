import type { ActorName, Credentials } from './actor.js'
import { bodyOf, type Probe, typeOf } from './probe.js'

const LONGEST_BODY = 4000

/**
 * The shell line that repeats a request, with wscat where it opens a WebSocket. Credentials stand in it as `$ALICE` and `$BOB`.
 *
 * @example
 * // curl -X POST 'http://127.0.0.1:2024/threads/search' -H "authorization: Bearer $BOB" -H 'content-type: application/json' --data-raw '{}'
 */
export function curlLine(line: { target: URL; credentials: Credentials; actor: ActorName; probe: Probe }): string {
  const { target, credentials, actor, probe } = line
  const { method, path, headers, disguise, messages } = probe
  const body = bodyOf(probe)
  const type = typeOf(probe)
  const query = credentials.shell.query(path, disguise)
  const url = target.origin + target.pathname.replace(/\/$/, '') + (path.startsWith('/') ? path : '/')
  const shown = query === '' ? quoted(url) : inShell(url + query)
  const worn = [
    ...headerLines(credentials.shell.headers(actor, disguise), inShell),
    ...headerLines(headers ?? {}, quoted),
  ]
  if (messages) {
    const said = messages.flatMap((message) => ['-x', quoted(message)])
    return ['npx wscat -c', shown.replace('http', 'ws'), ...worn, ...said, '-w 2'].join(' ')
  }
  return [
    'curl',
    ...(/\/\.{1,2}(\/|$)/.test(path) ? ['--path-as-is'] : []),
    // Brackets and braces are lists to curl.
    ...(/[[\]{}]/.test(path) ? ['--globoff'] : []),
    ...(path.startsWith('/') ? [] : ['--request-target', quoted(path)]),
    ...(method === 'GET' && body === undefined ? [] : method === 'HEAD' ? ['-I'] : ['-X', method]),
    shown,
    ...worn,
    ...(body === undefined
      ? []
      : ['-H', quoted(`content-type: ${type ?? ''}`.trim()), '--data-raw', quoted(shortened(body))]),
  ].join(' ')
}

/** A body of megabytes is no line; its length says what it was. */
function shortened(body: string): string {
  return body.length > LONGEST_BODY ? `<a body of ${body.length} characters>` : body
}

function headerLines(
  headers: Readonly<Record<string, string | readonly string[]>>,
  quote: (text: string) => string,
): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    // A header without a value is written with a semicolon; with a colon, curl leaves it out.
    [values].flat().flatMap((value) => ['-H', quote(value === '' ? `${name};` : `${name}: ${value}`)]),
  )
}

/** Double quotes, so that the shell puts the token in. What else they would change is escaped by `Credentials.shell`. */
function inShell(text: string): string {
  return `"${text}"`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
