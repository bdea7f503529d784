import { expect, it } from 'vitest'
import { callbackAnswer } from '../../../src/login/browser/callback-page.js'

it('shows a name as text, whatever is in it', () => {
  const { body } = callbackAnswer({ kind: 'signed-in', name: `<script>alert("1")</script>&'` })
  expect(body).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;')
  expect(body).not.toContain('<script')
})

it.each(['denied', 'failed', 'stray', 'used'] as const)('says in words how it ended: %s', (kind) => {
  const { body, headers } = callbackAnswer({ kind })
  expect(body).toMatch(/<html lang="en">/)
  expect(body.match(/<h1>/g)).toHaveLength(1)
  expect(body).not.toContain('You are signed in')
  expect(headers['cache-control']).toBe('no-store')
})
