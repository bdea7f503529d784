import type { ActorName, Credentials } from './actor.js'
import type { Probe } from './probe.js'

/**
 * The shell line that repeats a request. Credentials stand in it as `$ALICE` and `$BOB`.
 *
 * @example
 * // curl -X POST 'http://127.0.0.1:2024/threads/search' -H "authorization: Bearer $BOB" -H 'content-type: application/json' -d '{}'
 */
export function curlLine(line: { target: URL; credentials: Credentials; actor: ActorName; probe: Probe }): string {
  const { target, credentials, actor, probe } = line
  const { method, path, body, headers, disguise } = probe
  const authorization = credentials.shellHeader(actor, disguise?.credential)
  const more = Object.entries({ ...headers, ...disguise?.headers })
  return [
    'curl',
    ...(method === 'GET' ? [] : ['-X', method]),
    quoted(target.origin + target.pathname.replace(/\/$/, '') + path),
    // Double quotes, so that the shell puts the token in.
    ...(authorization === undefined ? [] : ['-H', `"authorization: ${authorization.replaceAll('"', '\\"')}"`]),
    ...more.flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)]),
    ...(body === undefined ? [] : ['-H', quoted('content-type: application/json'), '-d', quoted(JSON.stringify(body))]),
  ].join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
