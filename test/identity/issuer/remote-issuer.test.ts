import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { oidc } from '../../../src/identity/oidc.js'
import {
  AUDIENCE,
  bearing,
  createKey,
  DISCOVERY,
  goodClaims,
  JWKS,
  type SigningKey,
  sign,
  startIssuer,
  type TestIssuer,
} from '../support/issuer.js'
import { answerWith, answerWithStatus, refusalFrom } from '../support/refusal.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let issuer: TestIssuer
let next: SigningKey
beforeAll(async () => {
  issuer = await startIssuer()
  next = await createKey('second')
})
afterAll(() => issuer.close())

// Timers stay real, for the sockets; what is asked for the time is told another one.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  issuer.requests.length = 0
  issuer.answers.clear()
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (ms: number) => void vi.advanceTimersByTime(ms)
const method = (options: object = {}) => oidc({ issuer: issuer.issuer, audience: AUDIENCE, ...options })

/** A request with a token of this moment. */
async function call(key: SigningKey = issuer.key, header: Record<string, unknown> = {}): Promise<Request> {
  return bearing(`Bearer ${await sign(key, goodClaims(issuer.issuer), header)}`)
}

const documentOf = ({ issuer: name }: TestIssuer) => ({ issuer: name, jwks_uri: `${name}${JWKS}` })

/** Until what was asked in the background has been answered. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 30))

const reset = (response: ServerResponse) => void response.destroy()
const silence = () => undefined
const keySet = (...keys: SigningKey[]) => answerWith({ keys: keys.map(({ jwk }) => jwk) })

describe('asks the issuer', () => {
  it('when the first request comes, and once for all that come with it', async () => {
    const authenticate = method()
    expect(issuer.requests).toEqual([])
    const request = await call()
    await Promise.all(Array.from({ length: 30 }, () => authenticate(request)))
    expect(issuer.requests).toEqual([DISCOVERY, JWKS])
    later(9 * MINUTE)
    await authenticate(await call())
    expect(issuer.requests).toEqual([DISCOVERY, JWKS])
  })

  it('nothing at all about tokens that are not its own', async () => {
    const authenticate = method()
    for (const header of [undefined, 'Basic x', 'Bearer opaque']) await refusalFrom(authenticate(bearing(header)))
    expect(issuer.requests).toEqual([])
  })

  it('again in a while, without keeping anybody waiting', async () => {
    const authenticate = method()
    await authenticate(await call())
    issuer.answers.set(JWKS, silence)
    issuer.answers.set(DISCOVERY, silence)
    later(HOUR + MINUTE)
    await authenticate(await call())
    await vi.waitFor(() => expect([issuer.count(DISCOVERY), issuer.count(JWKS)]).toEqual([2, 2]))
    await Promise.all((await Promise.all([call(), call(), call()])).map(authenticate))
    expect([issuer.count(DISCOVERY), issuer.count(JWKS)]).toEqual([2, 2])
  })

  it('at the address that the developer gave, where it differs', async () => {
    const authenticate = method({ discoveryUrl: `${issuer.issuer}/internal` })
    issuer.answers.set('/internal', answerWith({ issuer: issuer.issuer, jwks_uri: `${issuer.issuer}${JWKS}` }))
    await authenticate(await call())
    expect(issuer.requests).toEqual(['/internal', JWKS])
  })
})

describe('when keys change', () => {
  it('a new one counts at once, and the old one no more', async () => {
    const authenticate = method()
    await authenticate(await call())
    later(31 * SECOND)
    issuer.answers.set(JWKS, keySet(next))
    await authenticate(await call(next))
    expect(issuer.count(JWKS)).toBe(2)
    expect(await refusalFrom(authenticate(await call()))).toMatchObject({ code: 'token_invalid' })
  })

  it('one that is taken back counts no more after ten minutes, whoever asks', async () => {
    const authenticate = method()
    await authenticate(await call())
    issuer.answers.set(JWKS, keySet(next))
    later(10 * MINUTE + SECOND)
    await authenticate(await call())
    await vi.waitFor(async () => void (await refusalFrom(authenticate(await call()))))
  })

  it('they can move', async () => {
    const authenticate = method()
    await authenticate(await call())
    issuer.answers.set(DISCOVERY, answerWith({ issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/elsewhere` }))
    issuer.answers.set('/elsewhere', keySet(next))
    later(HOUR + SECOND)
    await authenticate(await call())
    await vi.waitFor(async () => expect(await authenticate(await call(next))).toMatchObject({ identity: 'alice' }))
    await refusalFrom(authenticate(await call()))
  })

  it('a token without a kid fits one key, and none of several', async () => {
    issuer.answers.set(JWKS, keySet(issuer.key, next))
    const authenticate = method()
    await authenticate(await call())
    const refused = await refusalFrom(authenticate(await call(issuer.key, { kid: undefined })))
    expect(refused.problem).toBe('kid is missing, and several keys of the issuer fit')
  })
})

describe('unknown keys', () => {
  const flood = async (authenticate: (request: Request) => Promise<unknown>, length = 60) => {
    const requests = await Promise.all(Array.from({ length }, (_, index) => call(next, { kid: `forged-${index}` })))
    return await Promise.all(requests.map((request) => refusalFrom(authenticate(request))))
  }

  it('make it ask once in 30 s, however many come', async () => {
    const authenticate = method()
    await authenticate(await call())
    await flood(authenticate)
    expect(issuer.count(JWKS)).toBe(1)
    for (let round = 2; round < 5; round++) {
      later(31 * SECOND)
      const refused = await flood(authenticate)
      expect(issuer.count(JWKS)).toBe(round)
      expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['token_invalid']))
    }
    await authenticate(await call())
  })

  it('make it ask no more often while it does not answer, and the others get in', async () => {
    const authenticate = method()
    await authenticate(await call())
    issuer.answers.set(JWKS, answerWithStatus(500))
    later(31 * SECOND)
    const refused = await flood(authenticate)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['provider_unavailable']))
    await flood(authenticate)
    expect(issuer.count(JWKS)).toBe(2)
    await authenticate(await call())
  })
})

describe('while the issuer is out', () => {
  it.each([
    ['it answers 500', answerWithStatus(500)],
    ['it answers 404', answerWithStatus(404)],
    ['it sends the way to somebody else', answerWithStatus(302, { location: 'http://127.0.0.1:9/keys' })],
    ['it hangs up', reset],
    ['it sends no keys', answerWith({})],
    ['it sends no JSON', (response: ServerResponse) => void response.end('<html>')],
    [
      'it sends too much',
      (response: ServerResponse) => void response.end(JSON.stringify({ keys: [], x: 'x'.repeat(600_000) })),
    ],
  ])('%s: by keys that are there users get in for a day', async (_, answer) => {
    const authenticate = method()
    await authenticate(await call())
    issuer.answers.set(JWKS, answer)
    issuer.answers.set(DISCOVERY, answer)
    for (let hours = 0; hours < 23; hours++) {
      later(HOUR)
      await authenticate(await call())
      await settled()
    }
    expect(issuer.count(JWKS)).toBeGreaterThan(8)
    expect(issuer.count(JWKS)).toBeLessThan(25)
    later(2 * HOUR)
    const refused = await refusalFrom(authenticate(await call()))
    expect(refused.code).toMatch(/^provider_(unavailable|misconfigured)$/)
    expect(refused.status).toBeGreaterThan(500)

    issuer.answers.clear()
    await vi.waitFor(async () => {
      later(MINUTE)
      await authenticate(await call())
    })
  })

  it.each([DISCOVERY, JWKS])('without %s nobody gets in, and it is asked less and less often', async (path) => {
    issuer.answers.set(path, answerWithStatus(503))
    const authenticate = method()
    const requests = await Promise.all(Array.from({ length: 20 }, () => call()))
    const asked: number[] = []
    for (const wait of [0, 999, 2, 1999, 2, 3999, 2, 7999, 2]) {
      later(wait)
      const refused = await Promise.all(requests.map((request) => refusalFrom(authenticate(request))))
      for (const one of refused) expect(one).toMatchObject({ code: 'provider_unavailable', status: 503 })
      asked.push(issuer.count(path))
    }
    expect(asked).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5])
    const { headers, problem } = await refusalFrom(authenticate(await call()))
    expect(headers).toEqual({ 'Retry-After': '16' })
    expect(problem).toContain(`${issuer.issuer}${path} answered 503`)

    issuer.answers.clear()
    later(HOUR)
    await authenticate(await call())
  })

  it.each([DISCOVERY, JWKS])('nobody gets in by what %s sends the way to', async (path) => {
    issuer.answers.set(path, answerWithStatus(302, { location: `${issuer.issuer}/moved` }))
    issuer.answers.set('/moved', path === JWKS ? keySet(issuer.key) : answerWith(() => documentOf(issuer)))
    expect(await refusalFrom(method()(await call()))).toMatchObject({ code: 'provider_unavailable' })
    expect(issuer.count('/moved')).toBe(0)
  })

  it('a silent one is given up after 5 s', async () => {
    issuer.answers.set(DISCOVERY, silence)
    const refused = await refusalFrom(method()(await call()))
    expect(refused).toMatchObject({
      code: 'provider_unavailable',
      problem: expect.stringMatching(/no answer within 5 s/),
    })
  })

  it('nobody listens there', async () => {
    const gone = await startIssuer()
    await gone.close()
    const request = bearing(`Bearer ${await sign(next, goodClaims(gone.issuer))}`)
    const refused = await refusalFrom(oidc({ issuer: gone.issuer, audience: AUDIENCE })(request))
    expect(refused).toMatchObject({ code: 'provider_unavailable', problem: expect.stringMatching(/ECONNREFUSED/) })
  })
})

describe('a document that can not be used', () => {
  const at = (jwks_uri?: unknown) => answerWith(() => ({ issuer: issuer.issuer, jwks_uri }))
  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'of another issuer',
      answerWith({ issuer: 'https://evil.example', jwks_uri: 'https://evil.example/jwks' }),
      /is the document of "https:\/\/evil.example", expected/,
    ],
    ['of no issuer', answerWith({ jwks_uri: 'https://evil.example/jwks' }), /is the document of undefined/],
    [
      'of many tenants',
      answerWith({ issuer: 'https://login.example.com/{tenantid}/v2.0' }),
      /name your tenants with `tenants`/,
    ],
    ['without keys', at(), /names no jwks_uri/],
    ['with keys under no URL', at('keys.json'), /names no jwks_uri/],
    ['with keys under http', at('http://login.example.com/keys'), /is not safe/],
    ['with keys in a file', at('file:///etc/passwd'), /is not safe/],
  ])('%s', async (_, answer, problem) => {
    issuer.answers.set(DISCOVERY, answer)
    const authenticate = method()
    const refused = await Promise.all([call(), call()].map(async (one) => refusalFrom(authenticate(await one))))
    for (const one of refused) {
      expect(one).toMatchObject({
        code: 'provider_misconfigured',
        status: 502,
        problem: expect.stringMatching(problem),
      })
      expect(one.message).toBe('Sign-in is not set up correctly on this server')
    }
    expect(issuer.requests).toEqual([DISCOVERY])
  })
})
