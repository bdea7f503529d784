import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withoutCredentials } from '../../src/cli/redact.js'

it.each([
  ['Authorization: Bearer abc.def.ghi', 'Authorization: Bearer [secret]'],
  ['refused bearer user1-token here', 'refused bearer [secret] here'],
  ['authorization: Basic dXNlcjpwYXNz', 'authorization: Basic [secret]'],
  ['{"authorization":"Bearer abcdefgh","a":1}', '{"authorization":"Bearer [secret]","a":1}'],
  ['{"x-api-key": "abcdefgh"}', '{"x-api-key": "[secret]"}'],
  ["cookie: 'session=abcdefgh'", "cookie: '[secret]'"],
  ['jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl expired', 'jwt [secret] expired'],
  ['Incorrect API key provided: sk-proj-abcdefghijklmnop.', 'Incorrect API key provided: [secret].'],
  ['jwe eyJhbGciOi..aXY.Y2lwaGVy.dGFn.', 'jwe [secret].'],
  ['x-eyJhbGciOi.eyJzdWIiOi.c2ln', 'x-[secret]'],
  ['ghp_abcdefghijklmnopqrst', '[secret]'],
  ['postgres://app:hunter2@db/prod', 'postgres://[secret]@db/prod'],
  ['GET https://a.example/x?a=1&access_token=abc&b=2', 'GET https://a.example/x?a=1&access_token=[secret]&b=2'],
  ['GET /cb?next=/a?client_secret.x=abc&state=1', 'GET /cb?next=/a?client_secret.x=[secret]&state=1'],
  ['password=hunter2hunter2', 'password=[secret]'],
  ['my-password = hunter2hunter2', 'my-password = [secret]'],
  ['--github_api-key=abcdefgh', '--github_api-key=[secret]'],
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

describe('a text that is too long', () => {
  const secrets = [
    'Bearer abcdefghijklmnop',
    'eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl',
    'sk-proj-abcdefghijklmnop',
    'postgres://app:hunter2@db/prod',
    'https://a.example/x?access_token=abcdefgh',
    '{"password":"hunter2hunter2"}',
    'cookie: session=abcdefgh',
  ]
  const secret = /abcd|bcdefgh|hunter|zdWIiOi|c2lnb/

  it.each(secrets)('shows no part of %s, wherever it is cut', (text) => {
    for (let before = 7900; before <= 8000; before++) {
      const shown = withoutCredentials(`${'x '.repeat(before / 2)}${text} ${'y '.repeat(500)}`)
      expect(shown).not.toMatch(secret)
      expect(shown).toMatch(/\[\d+ more characters\]$/)
    }
  })

  it('says how much is left out, and keeps one that is short enough', () => {
    expect(withoutCredentials('word '.repeat(1600))).toBe('word '.repeat(1600))
    expect(withoutCredentials(`${'word '.repeat(1600)}more`)).toBe(`${'word '.repeat(1600)}[4 more characters]`)
    expect(withoutCredentials('x'.repeat(9000))).toBe('[9000 more characters]')
  })
})

describe('reads a text once', () => {
  const PARTS = [
    'eyJaaaa-',
    'eyJ',
    'a-',
    'token',
    'key',
    'bearer',
    '?',
    '&',
    '=',
    ' ',
    ':',
    '://',
    '.',
    '"',
    '@',
    'sk-',
    'a',
  ]

  /** How long it takes, at best: what else the machine does makes it longer. */
  function fastest(text: string): number {
    let best = Infinity
    for (let tries = 0; tries < 5; tries++) {
      const before = performance.now()
      withoutCredentials(text)
      best = Math.min(best, performance.now() - before)
    }
    return best
  }

  it('whatever it repeats: eight times the text takes far less than 64 times the time', () => {
    const text = fc
      .tuple(
        fc.constantFrom('', '?', '&', 'token', 'bearer', '://', 'eyJ'),
        fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 3 }),
      )
      .map(
        ([before, parts]) =>
          (length: number) =>
            `${before}${parts.join('').repeat(8000)}`.slice(0, length),
      )
    fc.assert(
      fc.property(text, (of) => {
        // Below half a millisecond nobody waits, and a clock says little.
        expect(fastest(of(8000))).toBeLessThan(Math.max(0.5, fastest(of(1000)) * 24))
      }),
      { numRuns: 400 },
    )
  })
})
