import { expect, it } from 'vitest'
import { configurableHeaders } from '../../src/server/configurable-headers.js'
import type { HttpConfig } from '../../src/server/context.js'

type Config = HttpConfig['configurableHeaders']

const SENT = {
  'User-Agent': 'test',
  'X-Locale': 'de',
  'X-Internal-Id': '7',
  'LangSmith-Trace': 'trace',
  Baggage: 'a=b',
  'Baggage-Extra': 'c',
}
const TRACING = ['baggage', 'baggage-extra', 'langsmith-trace']

it.each<[string, Config, string[]]>([
  ['nothing said', undefined, TRACING],
  ['nothing in it', {}, TRACING],
  ['one name, in any case', { includes: ['X-Locale'] }, [...TRACING, 'x-locale']],
  ['a glob', { includes: ['x-*'] }, [...TRACING, 'x-internal-id', 'x-locale']],
  ['a star within', { includes: ['x-*-id'] }, [...TRACING, 'x-internal-id']],
  ['a part of a name', { includes: ['locale', 'x-'] }, TRACING],
  ['question marks', { includes: ['x-l?cal?', 'user-agen?t'] }, [...TRACING, 'x-locale']],
  ['what means something in a regular expression', { includes: ['x.locale', '(x-locale)', '.*'] }, TRACING],
  [
    'excludes win',
    { includes: ['*'], excludes: ['x-internal-*', 'BAGGAGE*'] },
    ['langsmith-trace', 'user-agent', 'x-locale'],
  ],
  ['everything', { includes: ['*'] }, [...TRACING, 'user-agent', 'x-internal-id', 'x-locale']],
  ['everything is excluded', { includes: ['*'], excludes: ['*'] }, []],
])('%s', (_, config, names) => {
  const found = configurableHeaders(new Headers(SENT), config)
  expect(Object.keys(found).sort()).toEqual(names)
})

it('gives the values', () => {
  expect(configurableHeaders(new Headers(SENT), { includes: ['x-locale'], excludes: ['baggage*'] })).toEqual({
    'langsmith-trace': 'trace',
    'x-locale': 'de',
  })
})

it.each([
  'authorization',
  'proxy-authorization',
  'x-forwarded-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api_key',
  'x-goog-apikey',
  'x-tenant-id',
  'x-service-key',
  'x-auth-scheme',
  'x-auth-token',
  'X-Amz-Security-Token',
  'client-secret',
  'x-password',
  'x-passwd',
  'x-my-credentials',
  'langgraph_auth_user',
  'langgraph_auth_anything',
  '__pregel_read',
  '__proto__',
  'user_id',
  'thread_id',
  'checkpoint_id',
])('%s never, whatever is asked for', (name) => {
  const headers = new Headers([
    [name, 'value'],
    ['x-other', 'other'],
  ])
  expect([...headers].length).toBe(2)
  const found = configurableHeaders(headers, { includes: ['*', name] })
  expect(Object.entries(found)).toEqual([['x-other', 'other']])
})

it('takes no time over many stars', () => {
  const headers = new Headers({ [`x-${'a'.repeat(8000)}`]: '1' })
  const began = performance.now()
  expect(configurableHeaders(headers, { includes: [`${'*a'.repeat(30)}*b`] })).toEqual({})
  expect(performance.now() - began).toBeLessThan(500)
})
