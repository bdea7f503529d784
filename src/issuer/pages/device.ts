import { html } from './html.js'
import type { Page } from './page.js'

export interface DeviceCode {
  readonly action: string
  /** Against forged forms; made by oidc-provider. */
  readonly xsrf: string
  /** From the link that the device showed, or as it was typed. */
  readonly code: string
  readonly problem: string | undefined
}

/** What code does your device show? */
export function deviceCodePage({ action, xsrf, code, problem }: DeviceCode): Page {
  const fromLink = code !== '' && problem === undefined
  const content = html`
<h1>Sign in on a device</h1>
<p class="lead">${fromLink ? 'Is this the code that your terminal or device shows?' : 'Your terminal or device shows a code of eight letters.'}</p>
<form class="part" method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<input type="hidden" name="confirm" value="yes">
<label for="code">Code</label>
<input id="code" class="code" name="user_code" value="${code}" placeholder="XXXX-XXXX" required maxlength="16" autocomplete="off"
 autocapitalize="characters" spellcheck="false"${problem !== undefined && html` aria-invalid="true" aria-describedby="problem"`}${!fromLink && html` autofocus`}>
${problem !== undefined && html`<p class="problem" id="problem" role="alert">${problem}</p>`}
<div class="actions"><button class="primary">${fromLink ? 'Yes, go on' : 'Go on'}</button></div>
</form>
${fromLink && html`<p class="part quiet">If you did not ask for it, close this page: whoever sent you the link would be signed in as you.</p>`}`
  return { title: problem === undefined ? 'Sign in on a device' : 'Error: sign in on a device', content }
}

/** It worked: back to the device. */
export function deviceDonePage(client: string): Page {
  const content = html`
<h1>You are signed in</h1>
<p class="lead"><strong>${client}</strong> goes on by itself. You can close this page.</p>`
  return { title: 'Signed in', content }
}

/** The person said no. */
export function deviceCancelledPage(): Page {
  const content = html`
<h1>Cancelled</h1>
<p class="lead">Nobody was signed in. The device is told, and you can close this page.</p>`
  return { title: 'Cancelled', content }
}
