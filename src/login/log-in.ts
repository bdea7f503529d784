import { AuthkitError } from '../errors/authkit-error.js'
import type { Person, Provider } from '../providers/provider.js'
import { type BrowserEvent, signInWithBrowser } from './browser/sign-in-with-browser.js'
import { type DeviceEvent, signInWithDevice } from './device/sign-in-with-device.js'
import type { Login, Profile, TokenSet } from './login.js'
import type { LoginTarget } from './login-target.js'
import type { Logins } from './logins.js'
import { isSameUser, type ListedProfile } from './profiles/profile-list.js'
import { openClient } from './protocol/client.js'
import type { SignedIn } from './sign-in.js'
import type { StoreKind } from './store/token-store.js'

/** How the person gets to the provider. `either` takes the device flow where there is one, and a browser elsewhere otherwise. */
export type Flow = 'browser' | 'device' | 'either'

export interface LogInOptions {
  readonly target: LoginTarget
  readonly logins: Pick<Logins, 'prepare' | 'save'>
  /** The name of the profile. */
  readonly profile: string
  readonly store: StoreKind
  /** Take whoever signs in, though the profile is somebody else's. */
  readonly replace: boolean
  readonly flow: Flow
  /** Asked where the application needs its secret for the flow. Undefined where there is none. */
  readonly clientSecret: (needed: boolean) => Promise<string | undefined>
  /** The port of the callback. */
  readonly port?: number | undefined
  readonly open?: ((url: string) => Promise<void>) | undefined
  /** How long the person has, in milliseconds. Undefined is five minutes in a browser, and as long as a device code works. */
  readonly timeoutMs?: number | undefined
  /** Ends it early; its reason is what is thrown. */
  readonly signal: AbortSignal
  readonly onEvent: (event: BrowserEvent | DeviceEvent) => void
}

const BROWSER_MS = 300_000

export interface LoggedIn {
  readonly profile: ListedProfile
  /** Whose the profile was. */
  readonly replaced?: Profile['user']
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  /** Whether the access token can be renewed without the person. */
  readonly renewable: boolean
}

/**
 * Signs a person in and keeps what comes of it as a profile. Before anybody is asked anything, the profile's name, the token
 * store and the provider are looked at.
 *
 * @throws AuthkitError `login_other_user` where the profile is somebody else's, `login_timed_out`, the reason of the signal,
 *   and whatever the provider, the flow or the store throw.
 */
export async function logIn(options: LogInOptions): Promise<LoggedIn> {
  const { target, logins, profile, store } = options
  const { provider, issuer, clientId, audience } = target
  const existing = await logins.prepare(profile, store)
  const late = new AbortController()
  const signal = AbortSignal.any([options.signal, late.signal])
  const timers: NodeJS.Timeout[] = []
  const endAfter = (ms: number) => timers.push(setTimeout(() => late.abort(timedOut(ms)), ms))
  if (options.timeoutMs !== undefined) endAfter(options.timeoutMs)
  try {
    const opened = (clientSecret?: string) => openClient({ provider, issuer, clientId, clientSecret, signal })
    // Whether there is a device flow is known then, and with it whether the secret is needed.
    const known = await opened()
    const { device_authorization_endpoint: device, scopes_supported: supported } = known.serverMetadata()
    const flow = options.flow === 'either' ? (device === undefined ? 'browser' : 'device') : options.flow
    // A device code says itself how long it works.
    if (options.timeoutMs === undefined && flow === 'browser') endAfter(BROWSER_MS)
    const clientSecret =
      clientId === provider.clientId ? undefined : await options.clientSecret(needsSecret(provider, flow))
    const client = clientSecret === undefined ? known : await opened(clientSecret)
    const scopes = withOffline(target, supported)
    const save = ({ person, tokens }: SignedIn) => {
      const login = { profile: profileOf(person, tokens), secrets: { tokens, ...(clientSecret && { clientSecret }) } }
      return keep(login, existing, options)
    }
    const profileOf = ({ subject, name, email }: Person, { issuedAt }: TokenSet): Profile => ({
      name: profile,
      provider: provider.name,
      clientId,
      scopes,
      user: { subject, ...(name !== undefined && { name }), ...(email !== undefined && { email }) },
      signedInAt: issuedAt,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    })
    const request = { provider, client, scopes, audience }
    const { onEvent, port, open } = options
    return flow === 'device'
      ? await signInWithDevice(request, { save, onEvent, signal })
      : await signInWithBrowser(request, { save, onEvent, signal, port, open })
  } finally {
    timers.forEach(clearTimeout)
  }
}

async function keep(
  login: Login,
  existing: ListedProfile | undefined,
  { logins, store, replace }: LogInOptions,
): Promise<LoggedIn> {
  const { name, user } = login.profile
  const { tokens } = login.secrets
  const other = existing && !isTheirs(existing, login.profile) ? existing.user : undefined
  if (other && !replace) throw otherUser(name, other, user)
  return {
    profile: await logins.save(login, store),
    scopes: tokens.scopes,
    renewable: tokens.refreshToken !== undefined,
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    ...(other && { replaced: other }),
  }
}

function timedOut(ms: number): AuthkitError {
  return new AuthkitError('login_timed_out', `Nobody has signed in within ${Math.round(ms / 1000)} seconds.`)
}

/** RFC 8252 8.5: an application on a person's machine keeps no secret, but some providers give it one and want it back. */
function needsSecret({ publicClients }: Provider, flow: 'browser' | 'device'): boolean {
  return publicClients === 'none' || (publicClients === 'device-flow' && flow === 'browser')
}

/** Asking for a scope that a provider does not list ends in an error with some. */
function withOffline(
  { scopes, offlineScope }: LoginTarget,
  supported: readonly string[] | undefined,
): readonly string[] {
  if (offlineScope === undefined || (supported && !supported.includes(offlineScope))) return scopes
  return [...scopes, offlineScope]
}

/** Another port makes another local issuer, but no other user. */
function isTheirs(existing: Profile, next: Profile): boolean {
  if (isSameUser(existing, next)) return true
  const local: Provider['name'] = 'local'
  return existing.provider === local && next.provider === local && existing.user.subject === next.user.subject
}

function otherUser(profile: string, existing: Profile['user'], next: Profile['user']): AuthkitError {
  return new AuthkitError(
    'login_other_user',
    `Profile ${profile} is ${labelOf(existing)}, and ${labelOf(next)} has signed in. Nothing was changed.`,
    { hint: `Keep both with --profile and another name, or add --replace to make ${profile} ${labelOf(next)}.` },
  )
}

function labelOf({ name, email, subject }: Profile['user']): string {
  return name ?? email ?? subject
}
