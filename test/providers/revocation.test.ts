import { describe, expect, it } from 'vitest'
import { PROVIDERS, providerNamed } from '../../src/providers/index.js'

const granted = { clientId: 'client:1', clientSecret: 's3 cret/+', accessToken: 'planted-token' }

describe('taking a token back where that is not RFC 7009', () => {
  const own = PROVIDERS.filter(({ revocation }) => revocation !== undefined)

  it('is known of those providers', () => {
    expect(own.map(({ name }) => name)).toEqual(['github', 'notion', 'slack'])
  })

  it.each(own.map((provider) => [provider.name, provider] as const))(
    '%s: over https, and never in the URL',
    (_, provider) => {
      const request = provider.revocation?.(granted)
      expect(new URL(request?.url ?? '').protocol).toBe('https:')
      expect(request?.url).not.toContain('planted-token')
      expect(JSON.stringify([request?.headers, request?.body])).toContain('planted-token')
    },
  )

  it.each(['github', 'notion'])('%s: can not be done without the secret', (name) => {
    expect(providerNamed(name).revocation?.({ clientId: 'c', accessToken: 't' })).toBeUndefined()
  })

  it('shows the application as RFC 6749 2.3.1 wants it', () => {
    const { authorization = '' } = providerNamed('github').revocation?.(granted)?.headers ?? {}
    expect(atob(authorization.replace('Basic ', ''))).toBe('client%3A1:s3+cret%2F%2B')
  })

  it('keeps a client id from leaving its place in the path', () => {
    const request = providerNamed('github').revocation?.({ ...granted, clientId: '../../user' })
    expect(new URL(request?.url ?? '').pathname).toBe('/applications/..%2F..%2Fuser/token')
  })
})
