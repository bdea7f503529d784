import { html } from './html.js'
import type { Page } from './page.js'

export interface SignOut {
  readonly action: string
  /** Against forged forms; made by oidc-provider. */
  readonly xsrf: string
  /** Who is signed in in this browser. */
  readonly name: string
  readonly leadsTo: string | undefined
}

/** Sign out in this browser? */
export function signOutPage({ action, xsrf, name, leadsTo }: SignOut): Page {
  const content = html`
<h1>Sign out?</h1>
<p class="lead">This browser is signed in as <strong>${name}</strong>. Command lines that you signed in stay signed in until <code>authkit logout</code>.</p>
<form class="actions" method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<button class="primary" name="logout" value="yes">Sign out</button>
<button class="plain">Stay signed in</button>
</form>`
  return { title: 'Sign out?', content, leadsTo }
}

/** The person said no. */
export function stillSignedInPage(name: string): Page {
  const content = html`
<h1>Still signed in</h1>
<p class="lead">This browser goes on as <strong>${name}</strong>. You can close this page.</p>`
  return { title: 'Still signed in', content }
}

/** It is done, or was asked of a browser that nobody was signed in with. */
export function signedOutPage(): Page {
  const content = html`
<h1>You are signed out</h1>
<p class="lead">This browser is signed in as nobody. You can close this page.</p>`
  return { title: 'Signed out', content }
}
