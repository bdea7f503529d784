import type { ActorName, Credentials } from './actor.js'
import { bodyOf, type Probe, typeOf } from './probe.js'

/**
 * The shell line that repeats a request. Credentials stand in it as `$ALICE` and `$BOB`.
 *
 * @example
 * // curl -X POST 'http://127.0.0.1:2024/threads/search' -H "authorization: Bearer $BOB" -H 'content-type: application/json' --data-raw '{}'
 */
export function curlLine(line: { target: URL; credentials: Credentials; actor: ActorName; probe: Probe }): string {
  const { target, credentials, actor, probe } = line
  const { method, path, headers, disguise } = probe
  const body = bodyOf(probe)
  const type = typeOf(probe)
  const query = credentials.shell.query(path, disguise)
  const url = target.origin + target.pathname.replace(/\/$/, '') + path
  return [
    'curl',
    ...(/\/\.{1,2}(\/|$)/.test(path) ? ['--path-as-is'] : []),
    // Brackets and braces are lists to curl.
    ...(/[[\]{}]/.test(path) ? ['--globoff'] : []),
    ...(method === 'GET' && body === undefined ? [] : method === 'HEAD' ? ['-I'] : ['-X', method]),
    query === '' ? quoted(url) : quoted(url) + inShell(query),
    ...headerLines(credentials.shell.headers(actor, disguise), inShell),
    ...headerLines(headers ?? {}, quoted),
    ...(body === undefined ? [] : ['-H', quoted(`content-type: ${type ?? ''}`.trim()), '--data-raw', quoted(body)]),
  ].join(' ')
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
