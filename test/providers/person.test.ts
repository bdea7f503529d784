import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROVIDERS, providerNamed } from '../../src/providers/index.js'
import type { Json } from '../../src/providers/provider.js'

const person = (name: string, claims: Json) => providerNamed(name).person(claims)

const STANDARD = { sub: 'a1', name: 'Ada', email: 'ada@example.com' }
const SLACK = { 'https://slack.com/team_id': 'T1', 'https://slack.com/user_id': 'U1', email: 'ada@example.com' }
const GITHUB = { id: 583_231, login: 'ada', email: null }
const BITBUCKET = { uuid: '{c788b2da}', account_id: '557058:x', display_name: 'Ada' }
const listed = (verified: Json) => ({ email: 'ada@example.com', ...verified })

/** Each provider's own rule for what makes an address a verified one. */
const VERIFIED: readonly (readonly [provider: string, what: string, claims: Json, verified: boolean])[] = [
  ['keycloak', 'says so', { ...STANDARD, email_verified: true }, true],
  ['keycloak', 'does not say', STANDARD, false],
  ['keycloak', 'says so in text', { ...STANDARD, email_verified: 'true' }, false],
  ['gitlab', 'says so', { ...STANDARD, email_verified: true }, true],
  ['gitlab', 'does not say', STANDARD, false],
  ['google', 'says so of an address at gmail.com', { ...STANDARD, email: 'ada@gmail.com', email_verified: true }, true],
  ['google', 'says so in capitals', { ...STANDARD, email: 'ada@Gmail.COM', email_verified: true }, true],
  ['google', 'says so within a Workspace', { ...STANDARD, hd: 'example.com', email_verified: true }, true],
  ['google', 'says so of an address elsewhere', { ...STANDARD, email_verified: true }, false],
  ['google', 'says so outside of any Workspace', { ...STANDARD, hd: '', email_verified: true }, false],
  [
    'google',
    'says so of what only looks like gmail.com',
    { ...STANDARD, email: 'a@notgmail.com', email_verified: true },
    false,
  ],
  ['google', 'denies it at gmail.com', { ...STANDARD, email: 'ada@gmail.com', email_verified: false }, false],
  ['entra', 'says so', { ...STANDARD, email_verified: true, xms_edov: true }, false],
  ['auth0', 'says so', { ...STANDARD, email_verified: true }, true],
  ['auth0', 'denies it', { ...STANDARD, email_verified: false }, false],
  ['okta', 'says so', { ...STANDARD, email_verified: true }, true],
  ['okta', 'does not say', STANDARD, false],
  ['supabase', 'says so', { ...STANDARD, email_verified: true }, true],
  ['supabase', 'knows when', { ...STANDARD, email_confirmed_at: '2026-01-02T03:04:05Z' }, true],
  ['supabase', 'knows no date', { ...STANDARD, email_confirmed_at: null }, false],
  ['supabase', 'has it from the user', { ...STANDARD, user_metadata: { email_verified: true } }, false],
  [
    'github',
    'lists it as primary and verified',
    { ...GITHUB, emails: [listed({ primary: true, verified: true })] },
    true,
  ],
  ['github', 'lists it as verified only', { ...GITHUB, emails: [listed({ primary: false, verified: true })] }, false],
  ['github', 'lists it as primary only', { ...GITHUB, emails: [listed({ primary: true, verified: false })] }, false],
  ['github', 'shows it in the profile only', { ...GITHUB, email: 'ada@example.com' }, false],
  [
    'bitbucket',
    'lists it as primary and confirmed',
    { ...BITBUCKET, emails: { values: [listed({ is_primary: true, is_confirmed: true })] } },
    true,
  ],
  [
    'bitbucket',
    'lists it as confirmed only',
    { ...BITBUCKET, emails: { values: [listed({ is_primary: false, is_confirmed: true })] } },
    false,
  ],
  [
    'bitbucket',
    'lists it as primary only',
    { ...BITBUCKET, emails: { values: [listed({ is_primary: true, is_confirmed: false })] } },
    false,
  ],
  [
    'feishu',
    'gives one',
    { code: 0, data: { union_id: 'on_1', email: 'ada@example.com', email_verified: true } },
    false,
  ],
  ['lark', 'gives one', { code: 0, data: { union_id: 'on_1', email: 'ada@example.com', email_verified: true } }, false],
  ['notion', 'gives one', { bot: { owner: { user: { id: 'u1', person: { email: 'ada@example.com' } } } } }, false],
  ['slack', 'says so', { ...SLACK, email_verified: true }, true],
  ['slack', 'does not say', SLACK, false],
  ['volcengine', 'says so', { ...STANDARD, email_verified: true }, true],
  ['oidc', 'says so', { ...STANDARD, email_verified: true }, true],
  ['oidc', 'says 1', { ...STANDARD, email_verified: 1 }, false],
  ['local', 'says so', { ...STANDARD, email_verified: true }, true],
]

/** Whatever the user can change, and the id that stays. */
const SUBJECTS: readonly (readonly [provider: string, claims: Json, subject: string])[] = [
  ['keycloak', { sub: '248289761001', preferred_username: 'ada' }, '248289761001'],
  ['github', { id: 1, login: 'octocat' }, '1'],
  ['gitlab', { sub: '42', nickname: 'ada' }, '42'],
  ['bitbucket', { uuid: '{c788}', nickname: 'ada' }, '{c788}'],
  ['google', { sub: '1076', email: 'ada@example.com' }, '1076'],
  ['entra', { tid: 't1', oid: 'o1', sub: 'pairwise' }, 't1:o1'],
  ['entra', { sub: 'pairwise' }, 'pairwise'],
  ['auth0', { sub: 'github|1' }, 'github|1'],
  ['okta', { sub: 'ada@example.com', uid: '00u1' }, '00u1'],
  ['okta', { sub: '00u1', email: 'ada@example.com' }, '00u1'],
  ['supabase', { sub: '7d26', user_metadata: { sub: 'forged' } }, '7d26'],
  ['supabase', { id: '7d26', email: 'ada@example.com' }, '7d26'],
  ['feishu', { code: 0, data: { open_id: 'ou_1', union_id: 'on_1', user_id: '5d' } }, 'on_1'],
  ['feishu', { code: 0, data: { open_id: 'ou_1' } }, 'ou_1'],
  ['lark', { code: 0, data: { open_id: 'ou_1', union_id: 'on_1' } }, 'on_1'],
  ['notion', { object: 'user', id: 'bot', type: 'bot', bot: { owner: { type: 'user', user: { id: 'u1' } } } }, 'u1'],
  ['notion', { bot_id: 'bot', workspace_id: 'w1', owner: { type: 'user', user: { id: 'u1' } } }, 'u1'],
  ['slack', { ...SLACK, sub: 'U1' }, 'T1:U1'],
  ['volcengine', { sub: 'v1' }, 'v1'],
  ['oidc', { sub: 'o1' }, 'o1'],
  ['local', { sub: 'user1' }, 'user1'],
]

/** Answers, some of them with HTTP 200, that name no person. */
const NOBODY: readonly (readonly [provider: string, claims: Json])[] = [
  ['github', { message: 'Bad credentials' }],
  ['github', { id: '1', login: 'octocat' }],
  ['github', { id: 1.5 }],
  ['bitbucket', { type: 'error', error: { message: 'Access token expired.' } }],
  ['slack', { ok: false, error: 'invalid_auth' }],
  ['slack', { ...SLACK, ok: false }],
  ['slack', { 'https://slack.com/user_id': 'U1', sub: 'U1' }],
  ['feishu', { code: 99_991_668, msg: 'Invalid access token', data: { union_id: 'on_1' } }],
  ['feishu', { union_id: 'on_1' }],
  ['notion', { object: 'error', status: 401, code: 'unauthorized' }],
  ['notion', { object: 'user', id: 'bot', type: 'bot', bot: { owner: { type: 'workspace', workspace: true } } }],
  ['oidc', { sub: '' }],
  ['oidc', { sub: 7 }],
  ['oidc', { error: 'invalid_token' }],
]

const leaves = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [String(value)]

describe('a person', () => {
  it.each(VERIFIED)('of %s who %s', (provider, _, claims, verified) => {
    expect(person(provider, claims)?.emailVerified).toBe(verified)
  })

  it('has a rule for addresses at every provider', () => {
    expect(new Set(VERIFIED.map(([provider]) => provider))).toEqual(new Set(PROVIDERS.map(({ name }) => name)))
    expect(new Set(SUBJECTS.map(([provider]) => provider))).toEqual(new Set(PROVIDERS.map(({ name }) => name)))
  })

  it.each(SUBJECTS)('of %s is named by what stays: %j', (provider, claims, subject) => {
    expect(person(provider, claims)?.subject).toBe(subject)
  })

  it.each(NOBODY)('of %s is nobody: %j', (provider, claims) => {
    expect(person(provider, claims)).toBeUndefined()
  })

  it.each(PROVIDERS.map((provider) => [provider.name, provider] as const))(
    'of %s is made of what was said, or nobody',
    (_, provider) => {
      const key = fc.oneof(
        fc.constantFrom(
          'sub',
          'id',
          'uuid',
          'oid',
          'tid',
          'uid',
          'email',
          'emails',
          'email_verified',
          'hd',
          'ok',
          'code',
          'data',
        ),
        fc.constantFrom(
          'owner',
          'bot',
          'user',
          'union_id',
          'open_id',
          'https://slack.com/team_id',
          'https://slack.com/user_id',
        ),
        fc.string(),
      )
      const { value } = fc.letrec<{ value: unknown }>((tie) => ({
        value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.string(), fc.nat(), fc.dictionary(key, tie('value'))),
      }))
      fc.assert(
        fc.property(fc.dictionary(key, value), (claims) => {
          const found = provider.person(claims)
          if (found === undefined) return
          const said = leaves(claims)
          expect(found.subject).not.toBe('')
          for (const part of [found.subject, found.name, found.email]) {
            if (part !== undefined) expect(said.some((leaf) => part.includes(leaf))).toBe(true)
          }
          if (found.email === undefined) expect(found.emailVerified).toBe(false)
        }),
      )
    },
  )
})
