import type { LocalUser } from '../users.js'
import { html, type Markup } from './html.js'
import type { Page } from './page.js'

export interface Consent {
  readonly action: string
  readonly client: string
  readonly user: LocalUser
  readonly email: string
  readonly scopes: readonly string[]
  /** The server that the access token is for. */
  readonly audience: string
  /** Shown by the device that asks, in the device flow. */
  readonly userCode: string | undefined
  /** Where the answer goes: a callback of the application. */
  readonly leadsTo: string | undefined
}

/** May this application act for you? */
export function consentPage({ action, client, user, email, scopes, audience, userCode, leadsTo }: Consent): Page {
  const rights = scopes.flatMap((scope) => rightOf(scope, user, email))
  const content = html`
<h1>Let ${client} act for you?</h1>
<p class="lead">You are signed in as <strong>${user.name}</strong>${user.name !== user.identity && html` (<code>${user.identity}</code>)`}.</p>
${userCode !== undefined && codeToCompare(userCode)}
<section aria-labelledby="rights">
<h2 id="rights">It may</h2>
<ul class="rights">
<li>Use the API as you<small>at <code>${audience}</code></small></li>
${rights}
</ul>
</section>
<form class="actions" method="post" action="${action}">
<button class="primary" name="allow" value="yes">Allow</button>
<button class="plain" name="cancel" value="yes">Cancel</button>
</form>
${leadsTo !== undefined && html`<p class="part quiet">The answer goes to <code>${new URL(leadsTo).origin}</code>, which asked for it.</p>`}`
  return { title: `Allow ${client}?`, content, leadsTo }
}

function codeToCompare(userCode: string): Markup {
  return html`<div class="part box"><p>Go on only if this is the code that your terminal or device shows:</p>
<strong class="code-shown">${userCode}</strong></div>`
}

function rightOf(scope: string, user: LocalUser, email: string): Markup[] {
  switch (scope) {
    case 'openid':
      return [html`<li>Know which user you are<small><code>${user.identity}</code></small></li>`]
    case 'profile':
      return [html`<li>See your name<small>${user.name}</small></li>`]
    case 'email':
      return [html`<li>See your e-mail address<small>${email}</small></li>`]
    case 'offline_access':
      return [html`<li>Stay signed in until you sign out there</li>`]
    default:
      return [html`<li>Use the permission <code>${scope}</code></li>`]
  }
}
