import fc from 'fast-check'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { HTTPException, refusalOf } from '../../src/engine/http-exception.js'
import { devPlaceholderTokens, placeholderTokens, placeholderTokensOf } from '../../src/identity/placeholder-tokens.js'

const TABLE = {
  'user1-token': { identity: 'user1', display_name: 'Alice', permissions: ['threads:read'], team: 'red' },
  'user2-token': 'user2',
} as const

const request = (authorization?: string) =>
  new Request('http://localhost/threads', authorization === undefined ? {} : { headers: { authorization } })

/** What a call was refused with. Fails where it was not refused. */
async function refusal(call: Promise<unknown>) {
  const thrown = await call.then(
    (user) => expect.unreachable(`accepted as ${JSON.stringify(user)}`),
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(HTTPException)
  return refusalOf(thrown)
}

describe('inside authkit dev', () => {
  const authenticate = devPlaceholderTokens(TABLE)

  it.each([
    ['Bearer user1-token', { identity: 'user1', display_name: 'Alice', permissions: ['threads:read'], team: 'red' }],
    ['bearer user2-token', { identity: 'user2', display_name: 'user2', permissions: [] }],
    ['BEARER  user2-token', { identity: 'user2', display_name: 'user2', permissions: [] }],
  ])('%s is its user', async (header, user) => {
    expect(await authenticate(request(header))).toEqual(user)
  })

  it.each([
    [undefined],
    [''],
    ['Bearer'],
    ['Bearer '],
    ['user1-token'],
    ['Basic user1-token'],
    ['Beareruser1-token'],
    ['Bearer user3-token'],
    ['Bearer user1-token x'],
    ['Bearer x user1-token'],
    ['Bearer Bearer user1-token'],
    ['Bearer user1-token, Bearer user1-token'],
    ['Bearer user1-token,'],
    ['Bearer "user1-token"'],
    ['Bearer USER1-TOKEN'],
    ['Bearer constructor'],
    ['Bearer __proto__'],
    ['Bearer toString'],
    ['Bearer user1'],
    ['Bearer undefined'],
  ])('%s is refused with 401', async (header) => {
    const refused = await refusal(authenticate(request(header)))
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
  })

  it('refuses two Authorization headers, even where both are right', async () => {
    const headers = new Headers({ authorization: 'Bearer user1-token' })
    headers.append('authorization', 'Bearer user1-token')
    expect(await refusal(authenticate(new Request('http://localhost', { headers })))).toMatchObject({ status: 401 })
  })

  const headers = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
    fc
      .tuple(
        fc.constantFrom('Bearer ', 'bearer ', 'Bearer', 'Basic ', 'Bearer  ', ''),
        fc.constantFrom('', ' ', 'x', ','),
        fc.constantFrom(...Object.keys(TABLE), 'constructor', 'user1'),
        fc.constantFrom('', ' x', '=', ',', '.'),
      )
      .map((parts) => parts.join('')),
  )

  it('accepts nothing but the exact tokens, and never repeats what it was sent', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(headers, async (header) => {
        const expected = /^bearer +(user[12])-token$/i.exec(header.trim())?.[1]
        const exact = expected && header.includes(`${expected}-token`)
        if (exact) {
          accepted++
          expect(await authenticate(request(header))).toMatchObject({ identity: expected })
          return
        }
        const refused = await refusal(authenticate(request(header)))
        expect(refused?.status).toBe(401)
        for (const part of header.split(/\s+/).filter((one) => one.length > 8))
          expect(refused?.message).not.toContain(part)
      }),
      { numRuns: 1000, examples: [['Bearer user1-token'], ['bearer  user2-token']] },
    )
    expect(accepted).toBeGreaterThanOrEqual(2)
  })

  it('gives every request a user of its own', async () => {
    const first = await authenticate(request('Bearer user1-token'))
    first.permissions.push('admin')
    expect((await authenticate(request('Bearer user1-token'))).permissions).toEqual(['threads:read'])
  })

  it('says which tokens there are, in the order of the table', () => {
    expect(placeholderTokensOf(authenticate)).toEqual([
      { token: 'user1-token', identity: 'user1', display_name: 'Alice' },
      { token: 'user2-token', identity: 'user2', display_name: 'user2' },
    ])
  })
})

describe('outside authkit dev', () => {
  it('refuses every token, right or wrong, and says why without repeating it', async () => {
    const authenticate = placeholderTokens(TABLE)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom(...Object.keys(TABLE)), fc.stringMatching(/^[\w-]{1,20}$/)),
        async (token) => {
          const refused = await refusal(authenticate(request(`Bearer ${token}`)))
          expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
          expect(refused?.message).toMatch(/^Placeholder tokens work only inside `authkit dev`/)
          expect(refused?.message).not.toContain('user1-token')
        },
      ),
    )
  })

  it('no environment variable opens it', async () => {
    for (const name of ['NODE_ENV', 'AUTHKIT_DEV', 'AUTHKIT_ENV']) vi.stubEnv(name, 'development')
    expect(await refusal(placeholderTokens(TABLE)(request('Bearer user1-token')))).toMatchObject({ status: 401 })
    vi.unstubAllEnvs()
  })

  it.each([[1], ['true'], [{}], [false]])('dangerouslyAllowOutsideDev: %j does not open it', async (value) => {
    const authenticate = placeholderTokens(TABLE, { dangerouslyAllowOutsideDev: value as unknown as true })
    expect(await refusal(authenticate(request('Bearer user1-token')))).toMatchObject({ status: 401 })
  })

  it('dangerouslyAllowOutsideDev: true opens it with a warning, for the exact tokens only', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const authenticate = placeholderTokens(TABLE, { dangerouslyAllowOutsideDev: true })
    expect(await authenticate(request('Bearer user2-token'))).toMatchObject({ identity: 'user2' })
    expect(await refusal(authenticate(request('Bearer user3-token')))).toMatchObject({ status: 401 })
    expect(warn).toHaveBeenCalledOnce()
    expect(String(warn.mock.calls[0])).not.toMatch(/user\d-token/)
    warn.mockRestore()
  })

  it('shows no tokens', () => {
    expect(placeholderTokensOf(placeholderTokens(TABLE))).toBeUndefined()
    expect(placeholderTokensOf(undefined)).toBeUndefined()
    expect(placeholderTokensOf({})).toBeUndefined()
  })
})

describe.each([
  ['placeholderTokens', placeholderTokens],
  ['devPlaceholderTokens', devPlaceholderTokens],
])('%s refuses a table with', (_, make) => {
  it.each([
    ['an empty identity', { 'a-token': '' }],
    ['a blank identity', { 'a-token': { identity: '  ' } }],
    ['an identity that is no string', { 'a-token': { identity: 1 as unknown as string } }],
    ['no user', { 'a-token': undefined as unknown as string }],
    ['an empty token', { '': 'user1' }],
    ['a token with a space', { 'secret word': 'user1' }],
    ['a token with a comma', { 'secret,word': 'user1' }],
  ])('%s', (__, table) => {
    expect(() => make(table)).toThrow(TypeError)
    expect(() => make(table)).not.toThrow(/secret/)
  })
})

it('keeps the types useful in handlers', () => {
  const one = placeholderTokens({ a: { identity: 'a', team: 'red' }, b: { identity: 'b' }, c: 'c' })
  type User = Awaited<ReturnType<typeof one>>
  expectTypeOf<User['identity']>().toEqualTypeOf<string>()
  expectTypeOf<User['permissions']>().toEqualTypeOf<string[]>()
  expectTypeOf<User['team']>().toEqualTypeOf<'red' | undefined>()
  new Auth().authenticate(one).on('threads', ({ user }) => {
    expectTypeOf(user.display_name).toEqualTypeOf<string>()
    expectTypeOf(user.team).toEqualTypeOf<'red' | undefined>()
    // @ts-expect-error: no entry of the table has it
    return user.tenant
  })
})
