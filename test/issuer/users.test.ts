import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimsOf, userMeant, userOf, usersToChoose } from '../../src/issuer/users.js'

const ALICE = { identity: 'user1', name: 'Alice' }
const BOB = { identity: 'user2', name: 'Bob' }
const SPACED = { identity: 'org one/eve', name: 'Eve' }

describe('who can sign in', () => {
  it('is whom the project names, once each; Alice and Bob where it names nobody', () => {
    expect(usersToChoose([])).toEqual([ALICE, BOB])
    expect(usersToChoose([SPACED, BOB, { ...BOB, name: 'Bobby' }])).toEqual([SPACED, { ...BOB, name: 'Bobby' }])
  })

  it.each([
    ['user1', ALICE],
    ['alice', ALICE],
    [' Alice ', ALICE],
    ['org one/eve', SPACED],
    ['eve', SPACED],
    ['carol', { identity: 'carol', name: 'carol' }],
    ['USER1', { identity: 'USER1', name: 'USER1' }],
    ['a.b_c-d+e@f.example', { identity: 'a.b_c-d+e@f.example', name: 'a.b_c-d+e@f.example' }],
    ['', undefined],
    ['not known/eve', undefined],
    ['-', undefined],
    ['é', undefined],
  ])('is meant by %j', (text, user) => {
    expect(userMeant(text, [ALICE, BOB, SPACED])).toEqual(user)
  })

  it('is nobody in particular where two have one name', () => {
    const twins = [
      { identity: 'a1', name: 'Ann' },
      { identity: 'a2', name: 'Ann' },
    ]
    expect(userMeant('Ann', twins)).toEqual({ identity: 'Ann', name: 'Ann' })
    expect(userMeant('a2', twins)).toEqual(twins[1])
  })

  it('is the same user under the same name, always, and called as the project calls them', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const user = userMeant(text, [ALICE, BOB])
        if (!user) return
        expect(userMeant(user.identity, [ALICE, BOB])).toEqual(user)
        expect(userOf(user.identity, [ALICE, BOB])).toEqual(user)
      }),
    )
  })
})

describe('an e-mail address', () => {
  it('belongs to one user alone, and is an address', () => {
    const identity = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.emailAddress(),
      fc.constantFrom('a=3a', 'a:', 'a', 'ä', '='),
    )
    fc.assert(
      fc.property(identity, identity, (one, other) => {
        const [first, second] = [one, other].map((id) => claimsOf({ identity: id, name: id }).email)
        expect(first === second).toBe(one === other)
        expect(first).toMatch(/^[A-Za-z0-9._+=@-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/)
      }),
    )
  })

  it.each([
    ['user1', 'user1@example.test'],
    ['carol@mail.example', 'carol@mail.example'],
    ['org:eve', 'org=3aeve@example.test'],
  ])('of %s is %s', (identity, email) => {
    expect(claimsOf({ identity, name: 'x' })).toEqual({ sub: identity, name: 'x', email, email_verified: true })
  })
})
