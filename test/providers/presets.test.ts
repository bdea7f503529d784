import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { callbacksOf } from '../../src/providers/callbacks.js'
import { PROVIDERS, providerNamed, providerOf } from '../../src/providers/index.js'
import type { Provider } from '../../src/providers/provider.js'

/** The `issuer` of discovery documents, letter by letter: a slash at the end counts. */
const DISCOVERED: Readonly<Record<string, string>> = {
  keycloak: 'https://sso.example.com/realms/team',
  gitlab: 'https://gitlab.com',
  google: 'https://accounts.google.com',
  entra: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
  auth0: 'https://acme.eu.auth0.com/',
  okta: 'https://acme.okta.com/oauth2/default',
  supabase: 'https://zyxwvutsrqponmlkjihg.supabase.co/auth/v1',
  slack: 'https://slack.com',
  volcengine: 'https://userpool-12345678.userpool.auth.id.cn-shanghai.volces.com',
  oidc: 'https://id.example.org',
  local: 'http://127.0.0.1:3131/_authkit/oidc',
}

const each = PROVIDERS.map((provider) => [provider.name, provider] as const)
const ofIssuer = each.filter(([, provider]) => provider.oidc)

const urlsOf = ({ docs, issuer, issuerExample, endpoints = undefined }: Provider): string[] =>
  [docs, issuer, issuerExample, ...Object.values(endpoints ?? {})].filter((url) => url !== undefined)

describe('presets', () => {
  it('are one a file of src/providers', () => {
    const files = readdirSync('src/providers').map((file) => file.replace(/\.(ts|md)$/, ''))
    expect(files).toEqual(expect.arrayContaining(PROVIDERS.map(({ name }) => name)))
    expect(PROVIDERS).toHaveLength(16)
  })

  it.each(['name', 'title', 'issuer', 'issuerExample'] as const)('have a %s of their own', (field) => {
    const values = PROVIDERS.map((provider) => provider[field]).filter((value) => value !== undefined)
    expect(new Set(values).size).toBe(values.length)
  })

  it('are light: they import nothing but each other and errors', () => {
    for (const file of readdirSync('src/providers').filter((name) => name.endsWith('.ts'))) {
      const source = readFileSync(join('src/providers', file), 'utf8')
      const imports = [...source.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map((match) => match[1])
      expect(imports.filter((name) => !/^(\.\/[\w-]+\.js|\.\.\/errors\/[\w-]+\.js)$/.test(name ?? ''))).toEqual([])
    }
  })

  describe.each(each)('%s', (_, provider) => {
    it('can be named, dated and looked up', () => {
      expect(provider.name).toMatch(/^[a-z][a-z0-9]*$/)
      expect(provider.checked).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/)
      expect(provider.pitfalls.length).toBeGreaterThan(0)
      for (const sentence of provider.pitfalls) expect(sentence).toMatch(/^[A-Z"`].*[.]$/s)
    })

    it('has addresses that nobody reads along on', () => {
      const insecure = urlsOf(provider).filter((url) => new URL(url).protocol !== 'https:')
      expect(insecure).toEqual(provider.name === 'local' ? [provider.issuerExample] : [])
    })

    it('is found by discovery, or by the endpoints that it lists', () => {
      expect(provider.endpoints === undefined).toBe(provider.oidc)
      expect(provider.issuer !== undefined || provider.issuerExample !== undefined).toBe(provider.oidc)
      expect(provider.scopes.login.includes('openid')).toBe(provider.oidc)
    })

    it('asks for scopes that it knows, and that its separator keeps apart', () => {
      const { separator, login, offline, refused = [] } = provider.scopes
      const asked = [...login, ...(offline === undefined ? [] : [offline])]
      expect(asked.filter((scope) => refused.includes(scope))).toEqual([])
      expect(asked.join(separator).split(/[ ,]/).filter(Boolean)).toEqual(asked)
      expect(new Set(asked).size).toBe(asked.length)
    })

    it('has callbacks on this machine, or another way to sign in', () => {
      const callbacks = callbacksOf(provider)
      expect(new Set(callbacks).size).toBe(callbacks.length)
      for (const callback of callbacks)
        expect(callback).toMatch(/^http:\/\/(127\.0\.0\.1|localhost)(:\d{5})?\/callback$/)
      if (callbacks.length === 0) expect(provider.pitfalls.join('\n')).toContain('AUTHKIT_TOKEN')
    })

    it('says what to do about each error', () => {
      for (const { message, hint } of Object.values(provider.errors ?? {})) {
        expect(message).toMatch(/^[A-Z].*\.$/)
        expect(hint).toMatch(/^[A-Z].*\.$/)
        expect(hint).not.toBe(message)
      }
    })
  })
})

describe('providerOf', () => {
  it('knows the issuer of every OpenID provider', () => {
    expect(Object.keys(DISCOVERED)).toEqual(ofIssuer.map(([name]) => name))
  })

  it.each(Object.entries(DISCOVERED))('finds %s by %s', (name, issuer) => {
    expect(providerOf(issuer).name).toBe(name)
  })

  it.each(ofIssuer)('spells the issuer of %s as its discovery document does', (name, provider) => {
    const discovered = DISCOVERED[name] as string
    if (provider.issuer !== undefined) expect(provider.issuer).toBe(discovered)
    const spelled = [provider.issuer, provider.issuerExample].filter((issuer) => issuer !== undefined)
    for (const issuer of spelled) expect(issuer.endsWith('/')).toBe(discovered.endsWith('/'))
  })

  it.each(ofIssuer)('takes the example of %s for its own', (name, provider) => {
    const shown = provider.issuer ?? (provider.issuerExample as string)
    expect(providerOf(shown).name).toBe(name)
  })

  it.each([
    'https://acme.auth0.com.example.org/',
    'https://notauth0.com/',
    'http://acme.auth0.com/',
    'https://accounts.google.com.example.org',
    'http://accounts.google.com',
    'https://example.org/?u=https://accounts.google.com',
    'https://slack.com.example.org',
    'https://login.microsoftonline.com.example.org/x/v2.0',
    'https://okta.com.example.org',
    'https://supabase.co.example.org/auth/v1',
    'https://x.userpool.auth.id.cn.example.org',
    'https://dev.example.org/_authkit/oidc',
    'http://127.0.0.1.example.org/_authkit/oidc',
    'http://127.0.0.1:9000/',
    'http://localhost:9000/oidc',
    'https://console.volces.com',
    'https://sso.example.com/realms/',
    'https://sso.example.com/realms/team/protocol/openid-connect/auth',
    'no url',
    '',
  ])('takes %j for any other', (issuer) => {
    expect(providerOf(issuer).name).toBe('oidc')
  })
})

describe('providerNamed', () => {
  it.each(each)('finds %s in any case', (name, provider) => {
    expect(providerNamed(name)).toBe(provider)
    expect(providerNamed(name.toUpperCase())).toBe(provider)
  })

  it.each([
    ['githbu', 'Did you mean "github"?'],
    ['KeyCloack', 'Did you mean "keycloak"?'],
    ['gogle', 'Did you mean "google"?'],
  ])('suggests for %s: %s', (wrong, hint) => {
    expect(() => providerNamed(wrong)).toThrowError(expect.objectContaining({ code: 'provider_unknown', hint }))
  })

  it('lists the names where none is near', () => {
    const hint = expect.stringContaining('keycloak, github, gitlab')
    expect(() => providerNamed('something else')).toThrowError(
      expect.objectContaining({ code: 'provider_unknown', hint }),
    )
  })
})
