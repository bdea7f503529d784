import { isRenewable, isUsable } from './access/validity.js'
import { environmentToken } from './environment-token.js'
import { decodeToken } from './inspect/decode-token.js'
import type { Logins } from './logins.js'
import { defaultOf } from './profiles/profile-list.js'
import type { StoreKind } from './store/token-store.js'

/** Who is signed in, as it is known without asking anybody. Moments are in ISO 8601. */
export interface Whoami {
  /** Undefined for AUTHKIT_TOKEN, of which nothing is known but what it says itself. */
  readonly profile?: string
  readonly default: boolean
  readonly user: {
    readonly subject?: string | undefined
    readonly name?: string | undefined
    readonly email?: string | undefined
  }
  readonly provider?: string
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly audience?: string | undefined
  /** What was granted. */
  readonly scopes: readonly string[]
  readonly store: { readonly kind: StoreKind | 'environment'; readonly title: string }
  readonly signedInAt?: string
  readonly expiresAt?: string | undefined
  /** `renewable`: the access token is over, and the next command that needs one gets another. */
  readonly state: 'valid' | 'renewable' | 'expired'
}

/**
 * @param name Of a profile; without one AUTHKIT_TOKEN, else the default.
 * @throws AuthkitError what {@link Logins.open} throws.
 */
export async function whoami(
  logins: Logins,
  name: string | undefined,
  { environment, now }: { environment: NodeJS.ProcessEnv; now: number },
): Promise<Whoami> {
  const given = name === undefined ? environmentToken(environment) : undefined
  if (given !== undefined) return whoseToken(given, now)
  const { profile, login, store } = await logins.open(name)
  const { tokens } = login.secrets
  return {
    profile: profile.name,
    default: defaultOf(await logins.list())?.name === profile.name,
    user: profile.user,
    provider: profile.provider,
    issuer: profile.issuer,
    clientId: profile.clientId,
    audience: profile.audience,
    scopes: tokens.scopes,
    store: { kind: store.kind, title: store.title },
    signedInAt: isoOf(profile.signedInAt),
    expiresAt: tokens.expiresAt === undefined ? undefined : isoOf(tokens.expiresAt),
    state: isUsable(tokens, now) ? 'valid' : isRenewable(tokens, now) ? 'renewable' : 'expired',
  }
}

/** What a token says of itself, which nobody has verified. */
function whoseToken(token: string, now: number): Whoami {
  const claims = decodeToken(token)?.claims ?? {}
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined)
  const expiresAt = typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : undefined
  return {
    default: true,
    user: { subject: text('sub'), name: text('name'), email: text('email') },
    issuer: text('iss'),
    clientId: text('client_id') ?? text('azp'),
    audience: text('aud'),
    scopes: text('scope')?.split(' ') ?? [],
    store: { kind: 'environment', title: 'AUTHKIT_TOKEN' },
    expiresAt: expiresAt === undefined ? undefined : isoOf(expiresAt),
    state: expiresAt === undefined || expiresAt > now ? 'valid' : 'expired',
  }
}

function isoOf(at: number): string {
  return new Date(at).toISOString()
}
