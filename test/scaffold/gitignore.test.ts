import { expect, it } from 'vitest'
import { withAuthkitIgnored } from '../../src/scaffold/gitignore.js'

it.each([
  ['', '.authkit/\n'],
  ['node_modules/\n', 'node_modules/\n.authkit/\n'],
  ['node_modules/', 'node_modules/\n.authkit/\n'],
  ['a\r\nb\r\n', 'a\r\nb\r\n.authkit/\r\n'],
  ['a\r\nb', 'a\r\nb\r\n.authkit/\r\n'],
  ['# .authkit/\n', '# .authkit/\n.authkit/\n'],
  ['.authkit.bak\nsrc/.authkit/\n.authkit/dev.db\n', '.authkit.bak\nsrc/.authkit/\n.authkit/dev.db\n.authkit/\n'],
])('%j becomes %j', (before, after) => {
  expect(withAuthkitIgnored(before)).toBe(after)
})

it.each([
  '.authkit',
  '.authkit/',
  '/.authkit/',
  '**/.authkit',
  '.authkit/*',
  '.authkit/**',
  '.*',
  '*',
  'a\r\n.authkit/ \r\nb',
  '!.authkit/',
  '\uFEFF.authkit/',
])('%j covers it already', (text) => {
  expect(withAuthkitIgnored(text)).toBe(text)
})
