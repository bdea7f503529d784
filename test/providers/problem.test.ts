import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../src/errors/codes.js'
import { PROVIDERS, providerNamed } from '../../src/providers/index.js'
import { problemOf } from '../../src/providers/problem.js'
import type { Json } from '../../src/providers/provider.js'

/** Error answers as vendors document them: before and after the token answer is made standard. */
const ANSWERS: readonly (readonly [provider: string, answer: Json, code: string])[] = [
  ['feishu', { code: 20_043 }, 'provider_scope_invalid'],
  ['feishu', { code: 20_029 }, 'provider_redirect_mismatch'],
  ['feishu', { code: 20_071, error: 'invalid_grant' }, 'provider_redirect_mismatch'],
  ['feishu', { code: 20_002, error: 'invalid_client' }, 'provider_credentials_rejected'],
  ['feishu', { code: 20_048 }, 'provider_app_missing'],
  ['feishu', { code: 20_050 }, 'provider_unavailable'],
  ['lark', { code: 99_991_679, msg: 'missing scope' }, 'provider_scope_insufficient'],
  ['lark', { code: '99991672' }, 'provider_permission_missing'],
  [
    'entra',
    { error: 'invalid_request', error_description: 'AADSTS50011: The redirect URI ...' },
    'provider_redirect_mismatch',
  ],
  [
    'entra',
    { error: 'unauthorized_client', error_codes: [700_016], error_description: 'AADSTS700016: ...' },
    'provider_app_missing',
  ],
  [
    'entra',
    { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid ...' },
    'provider_credentials_rejected',
  ],
  ['github', { error: 'incorrect_client_credentials' }, 'provider_credentials_rejected'],
  [
    'github',
    { error: 'invalid_client', error_description: 'incorrect_client_credentials: The client_id ...' },
    'provider_credentials_rejected',
  ],
  ['github', { error: 'redirect_uri_mismatch' }, 'provider_redirect_mismatch'],
  ['slack', { ok: false, error: 'bad_redirect_uri' }, 'provider_redirect_mismatch'],
  ['notion', { object: 'error', code: 'unauthorized' }, 'provider_credentials_rejected'],
  [
    'keycloak',
    { error: 'invalid_client', error_description: 'Invalid client or Invalid client credentials' },
    'provider_credentials_rejected',
  ],
  ['oidc', { error: 'invalid_scope' }, 'provider_scope_invalid'],
  ['oidc', { error: 'invalid_target' }, 'provider_audience_invalid'],
  ['oidc', { error: 'server_error' }, 'provider_unavailable'],
  [
    'okta',
    { error: 'access_denied', error_description: 'Policy evaluation failed: no_matching_policy' },
    'provider_permission_missing',
  ],
]

describe('problemOf', () => {
  it.each(ANSWERS)('knows what %s means by %j', (name, answer, code) => {
    expect(problemOf(providerNamed(name), answer)?.code).toBe(code)
  })

  it.each<Json>([
    {},
    { error: 'access_denied' },
    { error: 'invalid_grant' },
    { error: 'toString' },
    { error: '__proto__', error_description: 'constructor hasOwnProperty' },
    { error: { message: 'Access token expired.' }, code: { toString: null } },
    { code: 0 },
  ])('knows nothing of %j', (answer) => {
    for (const provider of PROVIDERS) expect(problemOf(provider, answer)).toBeUndefined()
  })

  it('finds every error of every provider, by code, by error and in the description', () => {
    for (const provider of PROVIDERS) {
      for (const [word, problem] of Object.entries(provider.errors ?? {})) {
        expect(problemOf(provider, { code: word })).toBe(problem)
        expect(problemOf(provider, { error: word })).toBe(problem)
        expect(problemOf(provider, { error: 'invalid_request', error_description: `(${word}): what it says` })).toBe(
          problem,
        )
        expect(ERRORS).toHaveProperty(problem.code)
      }
    }
  })
})
