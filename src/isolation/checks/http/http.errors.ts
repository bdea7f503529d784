import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'

/** What an error tells about the inside of a server, by how it looks. */
const TRACES: Readonly<Record<string, RegExp>> = {
  'a stack trace': /\bat .+:\d+:\d+\)?|Traceback \(most recent call last\)|File "[^"]+", line \d+/,
  SQL: /\b(select|delete)\b.+\bfrom\b.+\bwhere\b|\binsert into\b.+\bvalues\b|SQLITE_\w+|syntax error at or near|psycopg/i,
  'a file path': /(^|[\s"'(:])\/(home|usr|var|opt|srv|root|app|tmp|Users)\/[\w.-]+|\b[A-Z]:\\\\[\w.-]+/,
  'a value of the environment':
    /\b[A-Z][A-Z_]*(KEY|SECRET|TOKEN|PASSWORD)\b["']?\s*[=:]|\b(postgres(ql)?|mysql|redis|mongodb)(\+\w+)?:\/\/[^\s"]+@/,
}
const MANY = 10 * 1024 * 1024
const DEEP = 10_000

export const httpErrors: Check = {
  id: 'http.errors',
  family: 'http',
  resource: 'server',
  operation: 'read',
  title: 'Errors tell Bob nothing of the inside of the server, and nothing of Alice',
  failure: 'An error told Bob of the inside of the server, or of Alice',
  impact: 'Paths, queries and stack traces show where to attack next; a value of another user is a leak by itself.',
  severity: 'low',
  refs: ['API8', '209'],
  event: null,
  fix: serverBug('answer errors with a short text of your own, and keep the details in the log'),
  needs: ['thread'],
  wants: ['item', 'assistant'],
  on2xx: 'own',
  accepts: [413, 414, 431],
  straight: ({ target }) => [get(`/threads/${target.thread.id}`), get(`/threads/${target.thread.id}/state`)],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests({ target, absent }) {
    const { id } = target.thread
    const broken = (path: string, text: string): Probe => ({ method: 'POST', path, raw: { text } })
    return [
      broken(`/threads/${id}/history`, '{"limit":'),
      broken('/threads/search', '{"metadata":}'),
      broken('/threads/search', ''),
      post(`/threads/${id}/history`, { limit: 'many', before: 7 }),
      post('/threads/search', { ids: id, limit: {}, offset: -1 }),
      post('/threads/search', { status: 'no-such-status', sort_by: "id'; --", sort_order: 'sideways' }),
      get(`/threads/${id}/state/${absent()}`),
      get(`/threads/${id}/state/not-a-checkpoint`),
      get(`/threads/${id}/runs/not-a-run`),
      get(`/threads/'${id}`),
      ...(target.has('assistant') ? [get(`/assistants/${target.assistant.id}/schemas?xray=deep`)] : []),
      ...(target.has('item') ? [post('/store/items/search', { namespace_prefix: 7, filter: 'none' })] : []),
      // Cheap to refuse, and cheap to send: nothing but spaces.
      broken('/threads/search', `{"limit":1${' '.repeat(MANY)}}`),
      broken('/threads/search', `{"metadata":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`),
    ]
  },
  async inspect({ exchanges, stated }) {
    return exchanges
      .filter(({ status }) => status >= 400)
      .flatMap((exchange) =>
        Object.entries(TRACES).flatMap(([what, pattern]) =>
          pattern.test(exchange.body) ? [stated(exchange, 'error', what)] : [],
        ),
      )
  },
}
