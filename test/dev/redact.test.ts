import { expect, it } from 'vitest'
import { withoutCredentials } from '../../src/dev/redact.js'

it.each([
  ['Authorization: Bearer abc.def.ghi', 'Authorization: Bearer [secret]'],
  ['refused bearer user1-token here', 'refused bearer [secret] here'],
  ['authorization: Basic dXNlcjpwYXNz', 'authorization: Basic [secret]'],
  ['{"authorization":"Bearer abcdefgh","a":1}', '{"authorization":"Bearer [secret]","a":1}'],
  ['{"x-api-key": "abcdefgh"}', '{"x-api-key": "[secret]"}'],
  ["cookie: 'session=abcdefgh'", "cookie: '[secret]'"],
  ['jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl expired', 'jwt [secret] expired'],
  ['Incorrect API key provided: sk-proj-abcdefghijklmnop.', 'Incorrect API key provided: [secret].'],
  ['ghp_abcdefghijklmnopqrst', '[secret]'],
  ['postgres://app:hunter2@db/prod', 'postgres://[secret]@db/prod'],
  ['GET https://a.example/x?a=1&access_token=abc&b=2', 'GET https://a.example/x?a=1&access_token=[secret]&b=2'],
  ['password=hunter2hunter2', 'password=[secret]'],
])('%s', (text, expected) => {
  expect(withoutCredentials(text)).toBe(expected)
})

it.each([
  'TypeError: Cannot read properties of undefined (reading "token")',
  'at node (file:///a/src/agent.ts:12:7)',
  'https://a.example/threads/1?limit=10',
  'The basic idea, a token of it: x',
  'node "sky" is not reachable',
])('%s has none', (text) => {
  expect(withoutCredentials(text)).toBe(text)
})
