import { createHash } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { html, type Markup } from './html.js'
import { STYLE } from './style.js'

export interface Page {
  /** What stands in the title of the window, in front of the name of this place. */
  readonly title: string
  readonly content: Markup
  /** Where its form may lead to in the end: browsers hold redirects that follow a form against this. */
  readonly leadsTo?: string | undefined
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Answers with a page that needs nothing but itself: no script, no font, no image, no network. */
export function show(ctx: KoaContextWithOIDC, { title, content, leadsTo }: Page): void {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · authkit dev</title>
<link rel="icon" href="data:,">
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
<p class="eyebrow">authkit dev · local sign-in</p>
${content}
</main>
<footer>
<p>For development: nobody is asked for a password, and no other machine can reach it.</p>
</footer>
</body>
</html>
`
  ctx.type = 'html'
  ctx.body = page.markup
  ctx.set({
    'content-security-policy': [
      `default-src 'none'`,
      `style-src 'sha256-${STYLE_HASH}'`,
      `img-src data:`,
      `form-action 'self'${leadsTo === undefined ? '' : ` ${sourceOf(leadsTo)}`}`,
      `base-uri 'none'`,
      `frame-ancestors 'none'`,
    ].join('; '),
    'cache-control': 'no-store',
    // Not "no-referrer": with it, browsers send a form of this page as from no page at all.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
}

/** The source expression of an address. They know no IPv6, so there it is the scheme. */
function sourceOf(address: string): string {
  const { protocol, host, hostname } = new URL(address)
  return hostname === '' || hostname.startsWith('[') ? protocol : `${protocol}//${host}`
}
