import { randomBytes } from 'node:crypto'
import type { Profile, Secrets, TokenSet } from '../../../src/login/login.js'
import type { StoredLogin, StoreKind, TokenStore } from '../../../src/login/store/token-store.js'

/** When tests happen: a Monday. */
export const NOW = Date.UTC(2026, 5, 1, 12)

export function tokensOf(given: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: planted('access'),
    issuedAt: NOW,
    expiresAt: NOW + 3_600_000,
    refreshToken: planted('refresh'),
    scopes: ['openid', 'offline_access'],
    ...given,
  }
}

export function secretsOf(given: Partial<TokenSet> = {}): Secrets {
  return { tokens: tokensOf(given) }
}

export function profileOf(name: string, given: Partial<Profile> = {}): Profile {
  return {
    name,
    provider: 'oidc',
    issuer: 'https://id.example.com',
    clientId: 'authkit-cli',
    scopes: ['openid', 'offline_access'],
    user: { subject: `subject of ${name}`, name: name.toUpperCase() },
    signedInAt: NOW,
    ...given,
  }
}

/** A secret that stands out wherever it turns up. */
export function planted(kind: string): string {
  return `planted-${kind}-${randomBytes(12).toString('hex')}`
}

export interface MemoryStore extends TokenStore {
  readonly kept: Map<string, StoredLogin>
  /** What was written, in order. */
  readonly written: StoredLogin[]
  /** How often it was read. */
  readonly reads: () => number
  /** Called before each write, with how many there were: it may throw. */
  beforeWrite: (count: number) => void
}

export function memoryStore(kind: StoreKind = 'keychain'): MemoryStore {
  const kept = new Map<string, StoredLogin>()
  const written: StoredLogin[] = []
  let reads = 0
  const store: MemoryStore = {
    kind,
    title: 'memory',
    kept,
    written,
    reads: () => reads,
    beforeWrite: () => undefined,
    async read(name) {
      reads += 1
      return kept.get(name)
    },
    async write(name, login) {
      store.beforeWrite(written.length)
      written.push(login)
      kept.set(name, login)
    },
    async remove(name) {
      kept.delete(name)
    },
    assertWritable: async () => undefined,
  }
  return store
}
