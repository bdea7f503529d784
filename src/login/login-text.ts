import { printable } from '../cli/printable.js'
import type { Style } from '../cli/style.js'
import { timeLeft } from '../cli/time-left.js'
import type { BrowserEvent } from './browser/sign-in-with-browser.js'
import type { DeviceEvent } from './device/sign-in-with-device.js'
import type { Profile } from './login.js'
import type { LoginTarget } from './login-target.js'
import type { StoreKind } from './store/token-store.js'

/** What `--json` prints of a sign-in: nothing secret. */
export interface LoginResult {
  readonly profile: string
  /** Whether commands use it where none is named. */
  readonly default: boolean
  readonly provider: string
  readonly issuer?: string
  readonly clientId: string
  readonly user: Profile['user']
  readonly replaced?: Profile['user']
  readonly scopes: readonly string[]
  readonly audience?: string
  readonly store: { readonly kind: StoreKind; readonly title: string }
  readonly expiresAt?: string
  readonly renewable: boolean
}

/** Where somebody is about to sign in, and who says so. */
export function placeOf({ provider, issuer, from }: LoginTarget): string {
  const because = { flags: '', project: ', as langgraph.json says', dev: ', which runs on this machine' }[from]
  if (issuer === undefined) return printable(provider.title) + because
  const title = { oidc: '', local: 'the local issuer of authkit dev, ' }[provider.name] ?? `${provider.title}, `
  return `${title}${printable(issuer)}${because}`
}

/** What the person has to do, on lines of their own. */
export function eventText(
  event: BrowserEvent | DeviceEvent,
  noBrowser: string | undefined,
  { bold, cyan, dim }: Style,
): string {
  switch (event.kind) {
    case 'url': {
      const how = event.opening
        ? 'your browser opens; if it does not, go to'
        : `open this in a browser on this machine${noBrowser === undefined ? '' : ` (none is opened: ${noBrowser})`}`
      return `  ${how}\n\n  ${cyan(event.url)}\n`
    }
    case 'not-opened':
      return '  no browser could be opened: open the URL above yourself'
    case 'stray':
      return '  a callback came that belongs to another sign-in, and was refused; still waiting for yours'
    case 'code':
      return [
        ...(noBrowser === undefined ? [] : [`  no browser is opened: ${noBrowser}`]),
        `  on any device, go to  ${cyan(event.url)}`,
        `  and enter the code    ${bold(printable(event.userCode))}   ${dim(`works for ${minutesOf(event.seconds)}`)}`,
        ...(event.completeUrl === undefined ? [] : [`  or go to              ${cyan(event.completeUrl)}`]),
        dim('  go on there only if the page shows this very code'),
        '',
      ].join('\n')
  }
}

function minutesOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${Math.floor(seconds)} seconds`
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

export function spinner(text: string): () => string {
  let frame = 0
  return () => `${FRAMES[frame++ % FRAMES.length]} ${text}`
}

/** A user as people know them, and the id that stays. */
export function labelOf({ name, email, subject }: Profile['user']): string {
  const known = name ?? email
  return known === undefined ? subject : `${known} (${subject})`
}

/** What there is to know of a sign-in, by its label. */
export function rowsOf(result: LoginResult, now: number): [string, string][] {
  const { profile, user, issuer, provider, audience, scopes, store, replaced } = result
  const rows: [string, string | undefined][] = [
    [
      'profile',
      `${profile}${result.default ? ', the default' : ''}${replaced ? `, which was ${labelOf(replaced)}` : ''}`,
    ],
    ['email', user.name === undefined ? undefined : user.email],
    ['issuer', issuer ?? provider],
    ['audience', audience],
    ['scopes', scopes.length > 0 ? scopes.join(' ') : undefined],
    ['tokens', store.title],
    ['session', sessionOf(result, now)],
  ]
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as [string, string]]))
}

function sessionOf({ expiresAt, renewable }: LoginResult, now: number): string {
  if (expiresAt === undefined) return 'the access token does not say when it ends'
  const end = `the access token ends ${timeLeft(Date.parse(expiresAt), now)}`
  return renewable ? `${end}, and is renewed by itself` : `${end}; then sign in again`
}
