import type { LocalUser } from '../users.js'
import { html } from './html.js'
import type { Page } from './page.js'

export interface Front {
  readonly issuer: string
  readonly user: LocalUser | undefined
  /** Names of applications. */
  readonly clients: readonly string[]
}

/** What is here, for whoever opens the address that `authkit dev` prints. */
export function frontPage({ issuer, user, clients }: Front): Page {
  const content = html`
<h1>The local issuer</h1>
<p class="lead">An OpenID provider for this project, so that you can sign in as any user with real tokens.</p>
<dl class="part">
<div><dt>In the terminal</dt><dd><code>authkit login</code></dd></div>
<div><dt>Issuer</dt><dd><code>${issuer}</code></dd></div>
<div><dt>What it offers</dt><dd><a href="${issuer}/.well-known/openid-configuration">discovery document</a></dd></div>
<div><dt>Applications</dt><dd>${clients.join(', ')}</dd></div>
<div><dt>This browser</dt><dd>${user ? html`signed in as <strong>${user.name}</strong> · <a href="${issuer}/sign-out">sign out</a>` : 'signed in as nobody'}</dd></div>
</dl>
<p class="part quiet">A device shows a code? <a href="${issuer}/device">Enter it here</a>.</p>`
  return { title: 'Local sign-in', content }
}
