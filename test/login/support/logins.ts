import { randomBytes } from 'node:crypto'
import type { Profile, Secrets, TokenSet } from '../../../src/login/login.js'

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
