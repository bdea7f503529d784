import type { LocalUser } from '../users.js'
import { html, type Markup } from './html.js'
import type { Page } from './page.js'

export interface SignIn {
  readonly action: string
  /** Of the application. */
  readonly client: string
  readonly users: readonly LocalUser[]
  /** Who is signed in in this browser. */
  readonly current: LocalUser | undefined
  /** Whom the application expects (`login_hint`). */
  readonly expected: LocalUser | undefined
  /** What was typed and can't be a name. */
  readonly refused: string | undefined
  readonly leadsTo: string | undefined
}

/** Who do you want to be? */
export function signInPage({ action, client, users, current, expected, refused, leadsTo }: SignIn): Page {
  const likely = [expected, current].filter((user) => user !== undefined)
  const people = new Map([...likely, ...users].map((user) => [user.identity, user]))
  const invalid = html` value="${refused}" aria-invalid="true" autofocus`
  const content = html`
<h1>Who do you want to be?</h1>
<p class="lead">Sign in to go on to <strong>${client}</strong>.</p>
<form class="part" method="post" action="${action}">
<ul class="people">
${[...people.values()].map((user) => person(user, user.identity === current?.identity))}
</ul>
</form>
<form class="or" method="post" action="${action}">
<label for="identity">Someone else</label>
<p class="hint" id="hint">Letters, digits and <code>. _ - + @</code>. The same name is always the same user.</p>
<div class="row">
<input id="identity" name="identity" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false"
 aria-describedby="hint${refused !== undefined && ' problem'}"${refused !== undefined && invalid}>
<button>Sign in</button>
</div>
${refused !== undefined && problem}
</form>
<form class="actions" method="post" action="${action}">
<button class="plain" name="cancel" value="yes">Cancel</button>
</form>`
  return { title: refused === undefined ? 'Sign in' : 'Error: sign in', content, leadsTo }
}

const problem = html`<p class="problem" id="problem" role="alert">This can't be a name: it begins with a letter or a digit, and has no spaces.</p>`

function person({ identity, name }: LocalUser, current: boolean): Markup {
  const [initial = '?'] = name
  return html`<li><button name="identity" value="${identity}"><span class="face" aria-hidden="true">${initial.toUpperCase()}</span>
<span class="who">${name}${identity !== name && html` <small>${identity}</small>`}</span>${current && html`<span class="now">signed in here</span>`}</button></li>`
}
