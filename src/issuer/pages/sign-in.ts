import type { LocalUser } from '../users.js'
import { html, type Markup } from './html.js'
import type { Page } from './page.js'

export interface SignIn {
  readonly action: string
  /** Of the application. */
  readonly client: string
  readonly users: readonly LocalUser[]
  /** Who is signed in already, or whom the application named. */
  readonly current: string | undefined
  /** What was typed and can't be a name. */
  readonly refused?: string | undefined
  readonly leadsTo: string | undefined
}

/** Who do you want to be? */
export function signInPage({ action, client, users, current, refused, leadsTo }: SignIn): Page {
  const first = users.filter(({ identity }) => identity === current)
  const others = users.filter(({ identity }) => identity !== current)
  const content = html`
<h1>Who do you want to be?</h1>
<p class="lead">Sign in to go on to <strong>${client}</strong>.</p>
${refused !== undefined && problem}
<form class="part" method="post" action="${action}">
<ul class="people">
${[...first, ...others].map(person)}
</ul>
</form>
<form class="or" method="post" action="${action}">
<label for="identity">Someone else</label>
<p class="hint" id="identity-hint">Letters, digits and <code>. _ - + @</code>. The same name is always the same user.</p>
<div class="row">
<input id="identity" name="identity" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false"
 aria-describedby="identity-hint"${refused !== undefined && html` value="${refused}" aria-invalid="true" aria-errormessage="problem" autofocus`}>
<button>Sign in</button>
</div>
</form>
<form class="actions" method="post" action="${action}">
<button class="plain" name="cancel" value="yes">Cancel</button>
</form>`
  return { title: 'Sign in', content, leadsTo }
}

const problem = html`<p class="problem" id="problem" role="alert">That can't be a name: it takes 1 to 64 letters, digits and <code>. _ - + @</code>, and begins with a letter or a digit.</p>`

function person({ identity, name }: LocalUser): Markup {
  const [initial = '?'] = name
  return html`<li><button name="identity" value="${identity}"><span class="face" aria-hidden="true">${initial.toUpperCase()}</span><span class="who">${name}${identity !== name && html` <small>${identity}</small>`}</span></button></li>`
}
