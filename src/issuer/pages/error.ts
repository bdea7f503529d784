import { html } from './html.js'
import type { Page } from './page.js'

/** What the errors that people meet here mean, and what to do about them. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_client:
    'The application is not one that this server knows. Name it in langgraph.json under authkit.issuer.clients.',
  invalid_redirect_uri:
    'The application wants the answer at an address that it is not registered with. Add it in langgraph.json under authkit.issuer.clients.',
  invalid_request: 'The application asked in a way that OAuth does not allow.',
  invalid_target: 'The application asked for a token for another server than this one.',
  session_expired:
    'This sign-in took too long, was finished in another window, or began in another browser. Begin again from the application.',
  server_error: 'Something went wrong in authkit dev; its terminal says what.',
}

/** A sign-in that goes no further. */
export function errorPage(code: string, description: string | undefined): Page {
  const content = html`
<h1>This can't go on</h1>
<p class="lead">${ADVICE[code] ?? 'Begin again from the application that sent you here.'}</p>
<dl class="part">
<div><dt>Error</dt><dd><code>${code}</code></dd></div>
${description !== undefined && html`<div><dt>What was said</dt><dd>${description}</dd></div>`}
</dl>`
  return { title: 'Error: this sign-in cannot go on', content }
}

/** An address that leads nowhere. */
export function notFoundPage(): Page {
  const content = html`
<h1>There is nothing here</h1>
<p class="lead"><a href="/_authkit/oidc">The front page of the local sign-in</a> says what there is.</p>`
  return { title: 'Not found', content }
}
