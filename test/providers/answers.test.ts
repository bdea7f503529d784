import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROVIDERS, providerNamed } from '../../src/providers/index.js'
import type { Json, Provider, TokenAnswer } from '../../src/providers/provider.js'

const TOKENS = ['access_token', 'refresh_token', 'id_token']

const answerOf = (provider: Provider, body: Json, status: number): TokenAnswer =>
  provider.tokenAnswer?.(body, status) ?? { status, body }
const answer = (name: string, body: Json, status = 200) => answerOf(providerNamed(name), body, status)

/** Every string under the name of a token, at any depth. */
function tokensIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    TOKENS.includes(key) && typeof inner === 'string' ? [inner] : tokensIn(inner),
  )
}

const word = fc.stringMatching(/^[A-Za-z0-9._~-]{1,20}$/)
const scope = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_:./-]{0,15}$/)
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const withoutUndefined = (record: Json): Json =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

/** RFC 6749 5.1, and what OpenID Connect adds. */
const granted = fc
  .record({
    access_token: word,
    token_type: fc.constantFrom('bearer', 'Bearer', 'DPoP'),
    expires_in: optional(fc.nat()),
    refresh_token: optional(word),
    id_token: optional(word),
    scope: optional(fc.array(scope, { maxLength: 4 }).map((scopes) => scopes.join(' '))),
    refresh_token_expires_in: optional(fc.nat()),
    session_state: optional(word),
  })
  .map(withoutUndefined)

/** RFC 6749 5.2, with the errors of RFC 8628 and RFC 8707. */
const refused = fc
  .record({
    error: fc.constantFrom(
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'unauthorized_client',
      'unsupported_grant_type',
      'invalid_scope',
      'authorization_pending',
      'slow_down',
      'expired_token',
      'access_denied',
      'invalid_target',
    ),
    error_description: optional(word),
    error_uri: optional(fc.webUrl()),
  })
  .map(withoutUndefined)

/** Anything a server could send, with the words that mean something to one provider or another. */
const anything = fc.dictionary(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(...TOKENS, 'ok', 'error', 'code', 'authed_user', 'scope', 'scopes', 'object'),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('error_description', 'expires_in', 'token_type', 'data', 'msg', '__proto__'),
    },
    { weight: 1, arbitrary: fc.string() },
  ),
  fc.oneof(
    word,
    fc.constantFrom<unknown>(0, '0', 20026, true, false, null, '', 'error', 'user', 'bad_refresh_token', '3600'),
    fc.dictionary(fc.constantFrom(...TOKENS, 'id', 'scope', 'expires_in'), fc.oneof(word, fc.jsonValue())),
    fc.jsonValue(),
  ),
)
const status = fc.constantFrom(200, 201, 400, 401, 403, 429, 500, 503)

const leaving = PROVIDERS.filter(({ tokenAnswer }) => tokenAnswer !== undefined)

it('is made standard at the providers that leave the standard', () => {
  expect(leaving.map(({ name }) => name)).toEqual(['github', 'bitbucket', 'feishu', 'lark', 'notion', 'slack'])
})

describe.each(leaving.map((provider) => [provider.name, provider] as const))('a token answer of %s', (_, provider) => {
  it('stays as it is where it is standard', () => {
    fc.assert(
      fc.property(granted, (body) => {
        expect(answerOf(provider, body, 200)).toEqual({ status: 200, body })
      }),
    )
  })

  it('stays as it is where it is a standard refusal', () => {
    fc.assert(
      fc.property(refused, fc.constantFrom(400, 401, 403), (body, code) => {
        expect(answerOf(provider, body, code)).toEqual({ status: code, body })
      }),
    )
  })

  it('never throws, invents no token, and gives none away with a refusal', () => {
    fc.assert(
      fc.property(anything, status, (body, code) => {
        const result = answerOf(provider, body, code)
        const before = tokensIn(body)
        for (const token of tokensIn(result.body)) expect(before).toContain(token)
        // A refusal that was recognised as one.
        if (result.status >= 400 && code < 400) {
          for (const name of TOKENS) expect(result.body).not.toHaveProperty(name)
          expect(result.body['error']).toEqual(expect.stringMatching(/./))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('does not change what it was given', () => {
    fc.assert(
      fc.property(anything, status, (body, code) => {
        const before = structuredClone(body)
        answerOf(provider, body, code)
        expect(body).toEqual(before)
      }),
    )
  })
})

describe('GitHub', () => {
  it('gives numbers and spaces where its form had text and commas', () => {
    const form = new URLSearchParams(
      'access_token=ghu_16C7&expires_in=28800&refresh_token=ghr_1B4a&refresh_token_expires_in=15897600&scope=read%3Auser%2Cuser%3Aemail&token_type=bearer',
    )
    expect(answer('github', Object.fromEntries(form))).toEqual({
      status: 200,
      body: {
        access_token: 'ghu_16C7',
        expires_in: 28_800,
        refresh_token: 'ghr_1B4a',
        refresh_token_expires_in: 15_897_600,
        scope: 'read:user user:email',
        token_type: 'bearer',
      },
    })
  })

  it.each([
    ['bad_verification_code', 'invalid_grant'],
    ['bad_refresh_token', 'invalid_grant'],
    ['incorrect_client_credentials', 'invalid_client'],
    ['redirect_uri_mismatch', 'redirect_uri_mismatch'],
    ['authorization_pending', 'authorization_pending'],
    ['slow_down', 'slow_down'],
    ['constructor', 'constructor'],
  ])('refuses with %s though it says 200', (error, standard) => {
    const body = { error, error_description: 'What GitHub says.', error_uri: 'https://docs.github.com/x' }
    const described = error === standard ? 'What GitHub says.' : `${error}: What GitHub says.`
    expect(answer('github', body)).toEqual({
      status: 400,
      body: { error: standard, error_description: described, error_uri: 'https://docs.github.com/x' },
    })
  })

  it.each(['', '12a', '-1', '1e3', ' 7'])('leaves %j, which is no number of seconds', (expires_in) => {
    expect(answer('github', { access_token: 'gho_x', expires_in }).body['expires_in']).toBe(expires_in)
  })

  it('drops a token that comes along with an error', () => {
    expect(answer('github', { error: 'bad_verification_code', access_token: 'gho_x' }).body).not.toHaveProperty(
      'access_token',
    )
  })
})

describe('Slack', () => {
  it.each([
    ['invalid_code', 'invalid_grant'],
    ['code_already_used', 'invalid_grant'],
    ['invalid_refresh_token', 'invalid_grant'],
    ['bad_client_secret', 'invalid_client'],
    ['ratelimited', 'temporarily_unavailable'],
    ['something_new', 'something_new'],
  ])('refuses with %s though it says 200', (error, standard) => {
    const { status: code, body } = answer('slack', { ok: false, error })
    expect({ code, error: body['error'] }).toEqual({ code: 400, error: standard })
    if (error !== standard) expect(body['error_description']).toBe(error)
  })

  it('refuses where it says no more than that', () => {
    expect(answer('slack', { ok: false })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it("takes the user's token, never the bot's beside it", () => {
    const body = {
      ok: true,
      app_id: 'A0KRD7HC3',
      access_token: 'xoxb-bot',
      refresh_token: 'xoxe-bot',
      expires_in: 1,
      token_type: 'bot',
      scope: 'commands,incoming-webhook',
      bot_user_id: 'U0KRQLJ9H',
      team: { name: 'Slack Softball Team', id: 'T9TK3CUKW' },
      authed_user: { id: 'U1234', scope: 'chat:write,users:read', access_token: 'xoxp-user', token_type: 'user' },
    }
    const result = answer('slack', body)
    expect(result).toMatchObject({
      status: 200,
      body: { access_token: 'xoxp-user', token_type: 'bearer', scope: 'chat:write users:read' },
    })
    expect(JSON.stringify(result.body)).not.toContain('-bot"')
    expect(result.body).not.toHaveProperty('expires_in')
  })

  it('leaves the answer of Sign in with Slack', () => {
    const body = { ok: true, access_token: 'xoxp-1', token_type: 'Bearer', id_token: 'eyJ' }
    expect(answer('slack', body)).toEqual({ status: 200, body })
  })
})

describe.each(['feishu', 'lark'])('%s', (name) => {
  it.each([0, '0', undefined])('leaves an answer with code %j', (code) => {
    const body = {
      code,
      access_token: 'eyJhbGciOi',
      expires_in: 7200,
      refresh_token: 'eyJhbGciOj',
      refresh_token_expires_in: 604_800,
      scope: 'auth:user.id:read offline_access',
      token_type: 'Bearer',
    }
    expect(answer(name, body)).toEqual({ status: 200, body })
  })

  it.each([
    [20_026, 400, 'invalid_grant'],
    [20_037, 400, 'invalid_grant'],
    [20_064, 400, 'invalid_grant'],
    [20_073, 400, 'invalid_grant'],
    [20_065, 400, 'invalid_grant'],
    [20_002, 400, 'invalid_client'],
    [20_043, 400, 'invalid_scope'],
    [20_050, 500, 'temporarily_unavailable'],
    ['20026', 200, 'invalid_grant'],
  ])('refuses with code %s', (code, answered, standard) => {
    const body = { code, error: 'invalid_request', error_description: 'What it says.' }
    expect(answer(name, body, answered)).toEqual({
      status: Math.max(answered, 400),
      body: { code, error: standard, error_description: `${code}: What it says.` },
    })
  })

  it('refuses with a code that nobody knows, and keeps what it says', () => {
    const { status: code, body } = answer(name, { code: 99_999, msg: 'Who knows.' })
    expect({ code, ...body }).toEqual({
      code: 99_999,
      msg: 'Who knows.',
      error: 'invalid_request',
      error_description: '99999: Who knows.',
    })
    expect(code).toBe(400)
  })
})

describe('Notion', () => {
  it('leaves its answer, which has no expiry', () => {
    const body = {
      access_token: 'ntn_x',
      token_type: 'bearer',
      refresh_token: 'nrt_x',
      bot_id: 'b3414d65',
      workspace_id: 'j565j4d7',
      owner: { type: 'user', user: { object: 'user', id: 'e79a0b74' } },
    }
    expect(answer('notion', body)).toEqual({ status: 200, body })
  })

  it('leaves an answer that says what kind of object it is', () => {
    const body = { object: 'token', access_token: 'ntn_x', token_type: 'bearer' }
    expect(answer('notion', body)).toEqual({ status: 200, body })
  })

  it('refuses in the words of its API too', () => {
    const body = { object: 'error', status: 401, code: 'unauthorized', message: 'API token is invalid.' }
    expect(answer('notion', body, 401)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_description: 'unauthorized: API token is invalid.' },
    })
  })
})

describe('Bitbucket', () => {
  it('says under `scope` what it granted under `scopes`', () => {
    const body = {
      access_token: 'a',
      token_type: 'bearer',
      expires_in: 7200,
      scopes: 'account email',
      refresh_token: 'r',
    }
    expect(answer('bitbucket', body)).toEqual({ status: 200, body: { ...body, scope: 'account email' } })
  })
})
