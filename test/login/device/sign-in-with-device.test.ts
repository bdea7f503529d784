import { afterEach, describe, expect, it } from 'vitest'
import { AuthkitError } from '../../../src/errors/authkit-error.js'
import { type DeviceEvent, signInWithDevice } from '../../../src/login/device/sign-in-with-device.js'
import { openClient } from '../../../src/login/protocol/client.js'
import type { SignedIn } from '../../../src/login/sign-in.js'
import { providerNamed } from '../../../src/providers/index.js'
import {
  approve,
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../support/identity-provider.js'

let idp: IdentityProvider | undefined
afterEach(() => idp?.close())

interface Played {
  readonly at?: IdentityProviderOptions
  /** What the person does; the pauses do not begin before. */
  readonly browse?: (event: DeviceEvent) => Promise<unknown>
  readonly fetch?: (send: typeof fetch) => typeof fetch
  readonly signal?: AbortSignal
}

interface Outcome {
  readonly signedIn?: SignedIn
  readonly error?: unknown
  /** In seconds, in their order. Nobody waits for them. */
  readonly pauses: readonly number[]
}

async function play({ at, browse, fetch: wrap, signal = AbortSignal.timeout(20_000) }: Played = {}): Promise<Outcome> {
  idp = await startIdentityProvider(at)
  const provider = providerNamed('oidc')
  const client = await openClient({ provider, issuer: idp.issuer, clientId: 'cli', fetch: wrap?.(fetch) })
  const pauses: number[] = []
  let browsing: Promise<unknown> | undefined
  let signedIn: SignedIn | undefined
  try {
    await signInWithDevice(
      { client, provider, scopes: ['openid', 'profile', 'offline_access'] },
      {
        signal,
        save: async (outcome) => {
          signedIn = outcome
        },
        onEvent: (event) => {
          browsing = browse?.(event)
        },
        sleep: async (ms) => {
          pauses.push(ms / 1000)
          await browsing
        },
      },
    )
    return { pauses, ...(signedIn && { signedIn }) }
  } catch (error) {
    return { pauses, error }
  }
}

/** The token endpoint answers in this way, one after the other, and then as it is. */
function answering(...answers: readonly (() => Response | Promise<Response>)[]) {
  const left = [...answers]
  return (send: typeof fetch): typeof fetch =>
    async (url, init) => {
      const next = String(url).endsWith('/token') ? left.shift() : undefined
      return next ? next() : send(url, init)
    }
}

const refusing =
  (error: string, init: ResponseInit = {}) =>
  () =>
    Response.json({ error }, { status: 400, ...init })
const unreachable = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }))

describe('signInWithDevice', () => {
  it('shows a code, and signs in who enters it', async () => {
    let shown: DeviceEvent | undefined
    const { signedIn, pauses } = await play({
      browse: (event) => {
        shown = event
        return approve(event, 'alice')
      },
    })
    expect(shown).toEqual({
      kind: 'code',
      url: `${idp?.issuer}/device`,
      completeUrl: `${idp?.issuer}/device?user_code=${shown?.userCode}`,
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      seconds: 600,
    })
    expect(signedIn).toMatchObject({
      person: { subject: 'alice', name: 'Alice' },
      tokens: { refreshToken: expect.any(String) },
    })
    // Five seconds where the provider does not say: RFC 8628 3.2.
    expect(pauses).toEqual([5])
  })

  it.each<[string, readonly (() => Response | Promise<Response>)[], readonly number[]]>([
    [
      'keeps its pace while nobody has decided',
      [refusing('authorization_pending'), refusing('authorization_pending')],
      [5, 5, 5],
    ],
    [
      'slows down when it is told to, for good',
      [refusing('slow_down'), refusing('authorization_pending'), refusing('slow_down')],
      [5, 10, 10, 15],
    ],
    [
      'asks less and less often while there is no network',
      [unreachable, unreachable, refusing('authorization_pending')],
      [5, 10, 20, 20],
    ],
    ['waits out a provider that fails', [() => new Response('', { status: 503 })], [5, 10]],
    [
      'waits as long as it is told once',
      [refusing('authorization_pending', { headers: { 'retry-after': '30' } }), refusing('authorization_pending')],
      [5, 30, 5],
    ],
    [
      'does so for a provider that is overrun',
      [() => new Response('', { status: 429, headers: { 'retry-after': '45' } })],
      [5, 45],
    ],
  ])('%s', async (_, answers, expected) => {
    const { signedIn, pauses } = await play({
      browse: (event) => approve(event, 'alice'),
      fetch: answering(...answers),
    })
    expect(signedIn?.person.subject).toBe('alice')
    expect(pauses).toEqual(expected)
  })

  it('takes the pace of the provider', async () => {
    const paced: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (!String(url).endsWith('/device/auth')) return response
      return Response.json({ ...(await response.json()), interval: 7 })
    }
    const { pauses } = await play({ browse: (event) => approve(event, 'alice'), fetch: () => paced })
    expect(pauses).toEqual([7])
  })

  it('ends when the code does', async () => {
    const { error, pauses } = await play({ at: { configuration: { ttl: { DeviceCode: 12 } } } })
    expect(error).toMatchObject({ code: 'device_code_expired' })
    expect(pauses).toEqual([5, 5])
  })

  it.each([
    ['expired_token', 'device_code_expired'],
    ['access_denied', 'login_denied'],
    ['invalid_grant', 'provider_refused'],
    ['invalid_client', 'provider_credentials_rejected'],
    ['unsupported_grant_type', 'provider_permission_missing'],
  ])('ends with %s', async (refused, code) => {
    const { error, pauses } = await play({ fetch: answering(refusing(refused)) })
    expect(error).toMatchObject({ code })
    expect(pauses).toEqual([5])
  })

  it('tells a person who said no', async () => {
    const { error } = await play({ browse: (event) => approve(event, undefined) })
    expect(error).toMatchObject({ code: 'login_denied' })
  })

  it('is not there where the provider has none', async () => {
    const { error } = await play({ at: { configuration: { features: { deviceFlow: { enabled: false } } } } })
    expect(error).toMatchObject({ code: 'device_unsupported' })
  })

  it('ends at its signal, at once, though the next question is far off', async () => {
    idp = await startIdentityProvider()
    const provider = providerNamed('oidc')
    const client = await openClient({ provider, issuer: idp.issuer, clientId: 'cli' })
    const reason = new AuthkitError('login_interrupted', 'Interrupted.')
    const ending = new AbortController()
    const startedAt = performance.now()
    const flow = signInWithDevice(
      { client, provider, scopes: ['openid'] },
      { signal: ending.signal, save: async () => {}, onEvent: () => ending.abort(reason) },
    )
    await expect(flow).rejects.toBe(reason)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  it('believes no forged ID token', async () => {
    const tamper: IdentityProviderOptions['tamper'] = (route, { body }) => {
      const answer = body as { id_token?: string }
      if (route === 'token' && answer.id_token) answer.id_token = answer.id_token.replace(/[^.]+$/, 'AAAA')
    }
    const { error, signedIn } = await play({ at: { tamper }, browse: (event) => approve(event, 'alice') })
    expect(error).toMatchObject({ code: 'id_token_invalid' })
    expect(signedIn).toBeUndefined()
  })

  it('sends nobody to a page that is not safe', async () => {
    const elsewhere: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (!String(url).endsWith('/device/auth')) return response
      return Response.json({ ...(await response.json()), verification_uri: 'http://evil.example.com/device' })
    }
    const { error, pauses } = await play({ fetch: () => elsewhere })
    expect(error).toMatchObject({ code: 'issuer_insecure' })
    expect(pauses).toEqual([])
  })
})
