import { createHash } from 'node:crypto'
import { STYLE } from './callback-style.js'

/**
 * What a person is told in the browser at the end. `stray` is a callback that belongs to no sign-in that waits here, `used`
 * one that came a second time.
 */
export type CallbackPage =
  | { readonly kind: 'signed-in'; readonly name: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'stray' }
  | { readonly kind: 'used' }

interface Wording {
  readonly status: number
  readonly title: string
  /** Markup. */
  readonly lead: string
  /** Markup. */
  readonly next: string
}

const AGAIN = 'To try again, run <code>authkit login</code>.'

function wordingOf(page: CallbackPage): Wording {
  switch (page.kind) {
    case 'signed-in':
      return {
        status: 200,
        title: 'You are signed in',
        lead: `The terminal now acts as <strong>${escaped(page.name)}</strong>.`,
        next: 'You can close this tab.',
      }
    case 'denied':
      return {
        status: 200,
        title: 'Sign-in was refused',
        lead: 'You said no, or the provider does not let you in. Nobody was signed in.',
        next: AGAIN,
      }
    case 'failed':
      return {
        status: 200,
        title: 'Sign-in did not work',
        lead: 'Nobody was signed in. The terminal says what went wrong.',
        next: 'You can close this tab.',
      }
    case 'stray':
      return {
        status: 400,
        title: 'This is another sign-in',
        lead: 'It is not the one that waits in the terminal, so nobody was signed in.',
        next: 'Close this tab, and go on in the one that the terminal opened.',
      }
    case 'used':
      return {
        status: 409,
        title: 'This page was used already',
        lead: 'A sign-in works once. The terminal says how it ended.',
        next: AGAIN,
      }
  }
}

const TICK = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 12.5l4.6 4.6L19 7.4"/></svg>'
const CROSS = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/></svg>'

/**
 * The answer to a callback: a page that needs nothing but itself, says nothing of what the URL holds, and is kept nowhere.
 * Only who has signed in is shown, so that a person notices when it is not who they meant; the name comes from the verified
 * ID token or the provider's API.
 */
export function callbackAnswer(page: CallbackPage): { status: number; headers: Record<string, string>; body: string } {
  const { status, title, lead, next } = wordingOf(page)
  const good = page.kind === 'signed-in'
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · authkit</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main${good ? '' : ' class="bad"'}>
<div class="mark">${good ? TICK : CROSS}</div>
<p class="eyebrow">authkit login</p>
<h1>${title}</h1>
<p class="lead">${lead}</p>
<p class="next">${next}</p>
</main>
</body>
</html>
`
  return { status, headers: HEADERS, body }
}

const HEADERS: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
