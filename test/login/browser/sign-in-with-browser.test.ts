import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { decodeJwt, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose'
import { type Configuration, errors } from 'oidc-provider'
import { afterEach, describe, expect, it } from 'vitest'
import { AuthkitError } from '../../../src/errors/authkit-error.js'
import { type BrowserEvent, signInWithBrowser } from '../../../src/login/browser/sign-in-with-browser.js'
import { openClient } from '../../../src/login/protocol/client.js'
import type { SignedIn } from '../../../src/login/sign-in.js'
import { providerNamed } from '../../../src/providers/index.js'
import type { Provider } from '../../../src/providers/provider.js'
import {
  CLI_CLIENT,
  consent,
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../support/identity-provider.js'

const SCOPES = ['openid', 'profile', 'email', 'offline_access']

let idp: IdentityProvider | undefined
afterEach(() => idp?.close())

interface Played {
  /** What a person does in their browser with the URL. */
  readonly browse?: (url: URL) => Promise<unknown>
  readonly fetch?: typeof fetch
  readonly provider?: Provider
  readonly port?: number
  readonly audience?: string
  readonly save?: (signedIn: SignedIn) => Promise<void>
  readonly signal?: AbortSignal
}

interface Outcome {
  readonly signedIn?: SignedIn
  readonly error?: AuthkitError
  /** The page that the last callback was answered with. */
  readonly page: string
  readonly events: readonly BrowserEvent[]
}

/** Visits a callback, as the browser does when the provider has sent it there. */
async function visit(callback: URL): Promise<string> {
  return (await fetch(callback)).text()
}

const asAlice = async (url: URL) => visit(await consent(url, 'alice'))

async function play(
  at: IdentityProvider,
  {
    browse = asAlice,
    provider = providerNamed('oidc'),
    save,
    signal = AbortSignal.timeout(20_000),
    ...rest
  }: Played = {},
): Promise<Outcome> {
  const client = await openClient({ provider, issuer: at.issuer, clientId: 'cli', fetch: rest.fetch })
  const events: BrowserEvent[] = []
  const seen: SignedIn[] = []
  let browsing: Promise<unknown> = Promise.resolve('')
  const broken = new AbortController()
  const flow = signInWithBrowser(
    { client, provider, scopes: SCOPES, audience: rest.audience },
    {
      port: rest.port,
      save: async (signedIn) => {
        seen.push(signedIn)
        await save?.(signedIn)
      },
      onEvent: (event) => {
        events.push(event)
        if (event.kind !== 'url') return
        browsing = browse(new URL(event.url))
        browsing.catch((failed: unknown) => broken.abort(failed))
      },
      signal: AbortSignal.any([signal, broken.signal]),
    },
  )
  const error: unknown = await flow.then(
    () => undefined,
    (failed: unknown) => failed,
  )
  if (error !== undefined && !(error instanceof AuthkitError)) throw error
  const page = await browsing.catch((failed: unknown) => {
    if (error === undefined) throw failed
    return ''
  })
  return { page: String(page), events, ...(error && { error }), ...(seen[0] && !error && { signedIn: seen[0] }) }
}

describe('signInWithBrowser', () => {
  it('signs in who the browser says', async () => {
    idp = await startIdentityProvider()
    const { signedIn, page, events } = await play(idp)
    expect(signedIn).toMatchObject({
      person: { subject: 'alice', name: 'Alice', email: 'alice@example.com', emailVerified: true },
      tokens: { scopes: SCOPES },
    })
    expect(signedIn?.tokens.refreshToken).toBeDefined()
    expect(page).toContain('You are signed in')
    expect(page).toContain('<strong>Alice</strong>')
    expect(events.map(({ kind }) => kind)).toEqual(['url'])
  })

  it('asks with PKCE S256, state, nonce, a callback on 127.0.0.1, and for who it is', async () => {
    idp = await startIdentityProvider()
    const seen: URL[] = []
    const browse = async (url: URL) => {
      seen.push(url)
      return asAlice(url)
    }
    await play(idp, { browse })
    await play(idp, { browse })
    const [first, second] = seen.map(({ searchParams }) => Object.fromEntries(searchParams))
    expect(first).toMatchObject({
      response_type: 'code',
      client_id: 'cli',
      scope: SCOPES.join(' '),
      code_challenge_method: 'S256',
      prompt: 'login consent',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
    })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      // 32 random bytes.
      expect(first?.[name]).toMatch(/^[\w-]{43}$/)
      expect(second?.[name]).not.toBe(first?.[name])
    }
  })

  it('pushes the request where the provider takes that, so that the URL holds none of it', async () => {
    idp = await startIdentityProvider({
      configuration: {
        features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } },
      },
    })
    let url: URL | undefined
    const { signedIn } = await play(idp, {
      browse: (pushed) => {
        url = pushed
        return asAlice(pushed)
      },
    })
    expect([...(url?.searchParams.keys() ?? [])].sort()).toEqual(['client_id', 'request_uri'])
    expect(signedIn?.person.subject).toBe('alice')
  })

  it('names the service that the token is for', async () => {
    const audience = 'https://api.example.com'
    idp = await startIdentityProvider({ configuration: resourceServer(audience) })
    const { signedIn } = await play(idp, { audience })
    expect(decodeJwt(signedIn?.tokens.accessToken as string)).toMatchObject({ aud: audience, sub: 'alice' })
  })

  it('says it in words that the provider does not know the service', async () => {
    idp = await startIdentityProvider({ configuration: resourceServer('https://api.example.com') })
    const { error, page } = await play(idp, { audience: 'https://other.example.com' })
    expect(error?.code).toBe('provider_audience_invalid')
    expect(page).toContain('did not work')
  })

  it('takes the port that it is told', async () => {
    idp = await startIdentityProvider()
    let port = ''
    const { signedIn } = await play(idp, {
      port: 47_829,
      browse: (url) => {
        port = new URL(url.searchParams.get('redirect_uri') as string).port
        return asAlice(url)
      },
    })
    expect(port).toBe('47829')
    expect(signedIn).toBeDefined()
  })

  it('takes a registered port where the provider compares it', async () => {
    const clients = [{ ...CLI_CLIENT, redirect_uris: ['http://127.0.0.1:47822/callback'] }]
    idp = await startIdentityProvider({ clients })
    const exact: Provider = {
      ...providerNamed('oidc'),
      loopback: { rule: 'fixed-ports', host: '127.0.0.1', ports: [47_822] },
    }
    expect((await play(idp, { provider: exact })).signedIn).toBeDefined()
  })

  it('refuses a provider that takes no callback on this machine', async () => {
    idp = await startIdentityProvider()
    const none: Provider = { ...providerNamed('oidc'), loopback: { rule: 'none' } }
    expect((await play(idp, { provider: none })).error?.code).toBe('login_unsupported')
  })

  it('shows that it failed where the tokens could not be kept', async () => {
    idp = await startIdentityProvider()
    const problem = new AuthkitError('keychain_unavailable', 'The keychain is locked.')
    const { error, page } = await play(idp, { save: () => Promise.reject(problem) })
    expect(error).toBe(problem)
    expect(page).toContain('Sign-in did not work')
    expect(page).not.toContain('Alice')
  })

  it('tells a person who said no that nobody was signed in', async () => {
    idp = await startIdentityProvider()
    const { error, page } = await play(idp, {
      browse: async (url) => {
        const back = new URL(url.searchParams.get('redirect_uri') as string)
        back.search = new URLSearchParams({
          error: 'access_denied',
          state: url.searchParams.get('state') as string,
          iss: (idp as IdentityProvider).issuer,
        }).toString()
        return visit(back)
      },
    })
    expect(error?.code).toBe('login_denied')
    expect(page).toContain('Sign-in was refused')
  })

  it.each([
    ['invalid_scope', 'provider_scope_invalid'],
    ['unauthorized_client', 'provider_permission_missing'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['invalid_target', 'provider_audience_invalid'],
    ['something_else', 'provider_refused'],
  ])('ends with the error %s of the provider', async (error, code) => {
    idp = await startIdentityProvider()
    const outcome = await play(idp, {
      browse: (url) => visit(answerTo(url, { error, error_description: '<b>why</b>' })),
    })
    expect(outcome.error?.code).toBe(code)
    expect(outcome.page).not.toContain('why')
  })

  it('ends at its signal, with the port free and nothing asked', async () => {
    idp = await startIdentityProvider()
    const ending = new AbortController()
    let callback = ''
    const reason = new AuthkitError('login_interrupted', 'Interrupted.')
    const { error } = await play(idp, {
      signal: ending.signal,
      browse: async (url) => {
        callback = url.searchParams.get('redirect_uri') as string
        ending.abort(reason)
      },
    })
    expect(error).toBe(reason)
    await expect(fetch(callback)).rejects.toThrow()
    expect(idp.asked('token')).toBe(0)
    expect((await play(idp, { port: Number(new URL(callback).port) })).signedIn).toBeDefined()
  })

  it('ends at its signal while the provider hangs', async () => {
    idp = await startIdentityProvider()
    const ending = new AbortController()
    const reason = new AuthkitError('login_timed_out', 'Too late.')
    const { error, page } = await play(idp, {
      signal: ending.signal,
      fetch: (url, init) => {
        if (!String(url).endsWith('/token')) return fetch(url, init)
        ending.abort(reason)
        return new Promise(() => {})
      },
    })
    expect(error).toBe(reason)
    expect(page).toContain('did not work')
  })
})

/** A callback as a provider makes it. */
function answerTo(url: URL, parameters: Record<string, string>): URL {
  const back = new URL(url.searchParams.get('redirect_uri') as string)
  const state = url.searchParams.get('state') as string
  back.search = new URLSearchParams({ state, iss: (idp as IdentityProvider).issuer, ...parameters }).toString()
  return back
}

function resourceServer(audience: string): Configuration {
  return {
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget()
          return { audience, scope: SCOPES.join(' '), accessTokenFormat: 'jwt' }
        },
        useGrantedResource: () => true,
      },
    },
  }
}

describe('an attacker', () => {
  it('who sends the browser to the callback with another state ends nothing and gets nothing', async () => {
    idp = await startIdentityProvider()
    const at = idp
    const { signedIn, events } = await play(at, {
      browse: async (url) => {
        const stray = answerTo(url, { code: 'evil', state: 'guessed' })
        expect(await visit(stray)).toContain('another sign-in')
        expect(at.asked('token')).toBe(0)
        return asAlice(url)
      },
    })
    expect(signedIn?.person.subject).toBe('alice')
    expect(events.map(({ kind }) => kind)).toEqual(['url', 'stray'])
  })

  it('who has a callback of a sign-in of their own can sign nobody in with it', async () => {
    idp = await startIdentityProvider()
    const at = idp
    const { signedIn } = await play(at, {
      browse: async (url) => {
        const own = new URL(url)
        own.searchParams.set('state', 'of-the-attacker')
        expect(await visit(await consent(own, 'mallory'))).toContain('another sign-in')
        return asAlice(url)
      },
    })
    expect(signedIn?.person.subject).toBe('alice')
  })

  it('who knows the state can slip in no code that was issued for somebody else', async () => {
    idp = await startIdentityProvider()
    const { error } = await play(idp, {
      browse: async (url) => {
        const own = new URL(url)
        own.searchParams.set('code_challenge', createHash('sha256').update('of mallory').digest('base64url'))
        return visit(await consent(own, 'mallory'))
      },
    })
    expect(error?.code).toBe('provider_refused')
    expect(error?.message).toContain('invalid_grant')
  })

  it.each([
    ['strips the challenge', (parameters: URLSearchParams) => parameters.delete('code_challenge')],
    ['strips the method', (parameters: URLSearchParams) => parameters.delete('code_challenge_method')],
    ['asks for plain', (parameters: URLSearchParams) => parameters.set('code_challenge_method', 'plain')],
  ])('who %s of PKCE gets no code', async (_, change) => {
    idp = await startIdentityProvider()
    const { error } = await play(idp, {
      browse: async (url) => {
        change(url.searchParams)
        return visit(await consent(url, 'alice'))
      },
    })
    expect(error?.code).toBe('provider_refused')
    expect(idp.asked('token')).toBe(0)
  })

  it('who makes the provider say that it knows only plain is not believed', async () => {
    idp = await startIdentityProvider({ configuration: { discovery: { code_challenge_methods_supported: ['plain'] } } })
    const plain: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (!String(url).endsWith('openid-configuration')) return response
      return Response.json({ ...(await response.json()), code_challenge_methods_supported: ['plain'] })
    }
    const { error, events } = await play(idp, { fetch: plain })
    expect(error?.code).toBe('provider_misconfigured')
    expect(events).toEqual([])
  })

  it.each([
    ['names another provider', (back: URL) => back.searchParams.set('iss', 'https://evil.example.com')],
    ['names the provider with a slash', (back: URL) => back.searchParams.set('iss', `${idp?.issuer}/`)],
    ['names none, though this one promises to', (back: URL) => back.searchParams.delete('iss')],
    ['names two', (back: URL) => back.searchParams.append('iss', 'https://evil.example.com')],
  ])('whose callback %s gets no code sent anywhere', async (_, change) => {
    idp = await startIdentityProvider()
    const { error, page } = await play(idp, {
      browse: async (url) => {
        const back = await consent(url, 'alice')
        change(back)
        return visit(back)
      },
    })
    expect(['issuer_mismatch', 'callback_invalid']).toContain(error?.code)
    expect(page).toContain('did not work')
    expect(idp.asked('token')).toBe(0)
  })

  it('who mixes up two providers gets the code of neither', async () => {
    idp = await startIdentityProvider()
    const evil = await startIdentityProvider()
    try {
      const { error } = await play(idp, {
        browse: async (url) => {
          const elsewhere = new URL(url)
          elsewhere.host = new URL(evil.issuer).host
          return visit(await consent(elsewhere, 'alice'))
        },
      })
      expect(error?.code).toBe('issuer_mismatch')
      expect(idp.asked('token') + evil.asked('token')).toBe(0)
    } finally {
      await evil.close()
    }
  })

  it.each([
    ['two codes', 'code=a&code=b'],
    ['neither a code nor an error', ''],
    ['an ID token in the place of a code', 'id_token=x.y.z'],
  ])('whose callback has %s is refused', async (_, query) => {
    idp = await startIdentityProvider()
    const { error } = await play(idp, {
      browse: (url) => visit(new URL(`${answerTo(url, {}).href}&${query}`)),
    })
    expect(error?.code).toBe('callback_invalid')
    expect(idp.asked('token')).toBe(0)
  })

  it('who replays the code is refused, and takes the tokens of the first with them', async () => {
    idp = await startIdentityProvider()
    let redeemed: RequestInit | undefined
    const { signedIn } = await play(idp, {
      fetch: (url, init) => {
        if (String(url).endsWith('/token')) redeemed = init
        return fetch(url, init)
      },
    })
    const { signal: _, ...again } = redeemed as RequestInit
    const replayed = await fetch(`${idp.issuer}/token`, again)
    expect(await replayed.json()).toMatchObject({ error: 'invalid_grant' })
    const { status } = await fetch(`${idp.issuer}/me`, {
      headers: { authorization: `Bearer ${signedIn?.tokens.accessToken}` },
    })
    expect(status).toBe(401)
  })
})

type Forge = (claims: JWTPayload, keys: Keys, accessToken: string) => Promise<string | undefined>
interface Keys {
  readonly idp: IdentityProvider
}

const HEADER = { alg: 'RS256', kid: 'first' }
const now = () => Math.floor(Date.now() / 1000)

async function signed(claims: JWTPayload, { idp: { key } }: Keys): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(HEADER).sign(await importJWK(key))
}

const unsigned = (header: object, claims: JWTPayload, signature = '') =>
  [...[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), signature].join('.')

/** Each is an ID token that must not be believed, made of the genuine one. */
const FORGED: Readonly<Record<string, Forge>> = {
  'has no signature': async (claims) => unsigned(HEADER, claims, 'AAAA'),
  'has alg none': async (claims) => unsigned({ alg: 'none' }, claims),
  'has alg none in capitals': async (claims) => unsigned({ alg: 'NONE' }, claims),
  'is signed by another key': async (claims) => {
    const { privateKey } = await generateKeyPair('RS256')
    return new SignJWT(claims).setProtectedHeader(HEADER).sign(privateKey)
  },
  'brings its own key': async (claims) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    return new SignJWT(claims).setProtectedHeader({ ...HEADER, jwk: await exportJWK(publicKey) }).sign(privateKey)
  },
  'is signed with HS256 and the public key': async (claims, keys) => {
    const { n, e, kty } = keys.idp.key
    const secret = new TextEncoder().encode(JSON.stringify({ kty, n, e }).padEnd(64, ' '))
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret)
  },
  'has critical extensions': async (claims, keys) =>
    new SignJWT(claims).setProtectedHeader({ ...HEADER, crit: ['b64'], b64: true }).sign(await importJWK(keys.idp.key)),
  'is for another client': (claims, keys) => signed({ ...claims, aud: 'other' }, keys),
  'is for others too, and does not say who asked': (claims, keys) => signed({ ...claims, aud: ['cli', 'other'] }, keys),
  'is for others too, one of whom asked': (claims, keys) =>
    signed({ ...claims, aud: ['cli', 'other'], azp: 'other' }, keys),
  'is of another issuer': (claims, keys) => signed({ ...claims, iss: 'https://evil.example.com' }, keys),
  'is of the issuer with a slash': (claims, keys) => signed({ ...claims, iss: `${claims.iss}/` }, keys),
  'has expired': (claims, keys) => signed({ ...claims, exp: now() - 60 }, keys),
  'never expires': ({ exp: _, ...claims }, keys) => signed(claims, keys),
  'is not valid yet': (claims, keys) => signed({ ...claims, nbf: now() + 3600 }, keys),
  'has no nonce': ({ nonce: _, ...claims }, keys) => signed(claims, keys),
  'has the nonce of another sign-in': (claims, keys) => signed({ ...claims, nonce: 'reused' }, keys),
  'has no subject': ({ sub: _, ...claims }, keys) => signed(claims, keys),
  'belongs to another access token': (claims, keys) => signed({ ...claims, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, keys),
  'is about somebody else than the access token': (claims, keys) => signed({ ...claims, sub: 'bob' }, keys),
  'is an access token': async (_claims, _keys, accessToken) => accessToken,
  'is missing': async () => undefined,
}

function forging(forge: Forge): IdentityProviderOptions {
  return {
    async tamper(route, { body }) {
      if (route !== 'token') return
      const answer = body as { id_token?: string | undefined; access_token: string }
      const claims = decodeJwt(answer.id_token as string)
      answer.id_token = await forge(claims, { idp: idp as IdentityProvider }, answer.access_token)
    },
  }
}

describe('an ID token', () => {
  it.each(Object.entries(FORGED))('that %s is refused', async (_, forge) => {
    idp = await startIdentityProvider(forging(forge))
    const { error, signedIn, page } = await play(idp)
    expect(error?.code).toBe('id_token_invalid')
    expect(signedIn).toBeUndefined()
    expect(page).toContain('did not work')
    expect(page).not.toContain('Alice')
  })

  it.each<[string, Forge]>([
    ['is signed', signed],
    [
      'is for others too, and says that we asked',
      (claims, keys) => signed({ ...claims, aud: ['cli', 'other'], azp: 'cli' }, keys),
    ],
    [
      'belongs to the access token',
      (claims, keys, accessToken) => {
        const digest = createHash('sha256').update(accessToken).digest()
        return signed({ ...claims, at_hash: digest.subarray(0, 16).toString('base64url') }, keys)
      },
    ],
    ['expired within the tolerance for clocks', (claims, keys) => signed({ ...claims, exp: now() - 10 }, keys)],
  ])('that %s is taken', async (_, forge) => {
    idp = await startIdentityProvider(forging(forge))
    const { signedIn, error } = await play(idp)
    expect(error).toBeUndefined()
    expect(signedIn?.person.subject).toBe('alice')
  })

  it('is repeated in no error', async () => {
    let forged = ''
    idp = await startIdentityProvider(
      forging(async (claims) => {
        forged = unsigned(HEADER, claims, 'AAAA')
        return forged
      }),
    )
    const { error } = await play(idp)
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(forged.slice(0, 40))
  })
})

describe('the userinfo endpoint', () => {
  const answering = (change: (context: { body: unknown; status: number }) => void): IdentityProviderOptions => ({
    tamper: (route, context) => {
      if (route === 'userinfo') change(context)
    },
  })

  it('that names somebody else is refused', async () => {
    idp = await startIdentityProvider(answering((context) => (context.body = { sub: 'bob', name: 'Bob' })))
    expect((await play(idp)).error?.code).toBe('id_token_invalid')
  })

  it('adds what the ID token leaves out, and changes nothing in it', async () => {
    const body = { sub: 'alice', name: 'Mallory', preferred_username: 'al' }
    idp = await startIdentityProvider(answering((context) => (context.body = body)))
    expect((await play(idp)).signedIn?.person.name).toBe('Alice')
  })

  it('that does not answer is done without', async () => {
    idp = await startIdentityProvider(
      answering((context) => {
        context.status = 500
        context.body = 'down'
      }),
    )
    expect((await play(idp)).signedIn?.person.name).toBe('Alice')
  })

  it('can move no cursor and turn no letters with a name', async () => {
    const name = 'Al\u001b[2Jice\n\u202eecila'
    idp = await startIdentityProvider({
      configuration: { findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name }) }) },
    })
    expect((await play(idp)).signedIn?.person.name).toBe('Al [2Jice  ecila')
  })

  it.each(['a\nb', 'a\u001b[2J', 'x'.repeat(256)])('can give nobody the id %j', async (subject) => {
    const named: Provider = { ...providerNamed('oidc'), person: () => ({ subject, emailVerified: false }) }
    idp = await startIdentityProvider()
    expect((await play(idp, { provider: named })).error?.code).toBe('provider_misconfigured')
  })
})
