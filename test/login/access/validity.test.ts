import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFresh, isRenewable, isUsable, renewalMarginMs } from '../../../src/login/access/validity.js'
import { NOW, tokensOf } from '../support/logins.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe('how long before its end a token is renewed', () => {
  it.each<[string, number, number]>([
    ['an hour', HOUR, 5 * MINUTE],
    ['a day', 24 * HOUR, 5 * MINUTE],
    ['half an hour', 30 * MINUTE, 3 * MINUTE],
    ['ten minutes', 10 * MINUTE, MINUTE],
    ['five minutes', 5 * MINUTE, MINUTE],
    ['two minutes', 2 * MINUTE, MINUTE],
    ['one minute', MINUTE, MINUTE / 2],
    ['ten seconds', 10 * SECOND, 5 * SECOND],
  ])('that lives %s', (_, lifetime, margin) => {
    expect(renewalMarginMs(lifetime, 0)).toBe(margin)
    expect(renewalMarginMs(lifetime, 1)).toBe(Math.min(margin * 1.1, lifetime / 2))
  })

  it('is never so long that a new token would be renewed at once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 * 24 * HOUR }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (lifetime, random) => {
          expect(isFresh(tokensOf({ issuedAt: NOW, expiresAt: NOW + lifetime }), NOW, random)).toBe(true)
          expect(isFresh(tokensOf({ issuedAt: NOW, expiresAt: NOW + lifetime }), NOW + lifetime, random)).toBe(false)
        },
      ),
    )
  })
})

describe('a token', () => {
  const hour = tokensOf({ issuedAt: NOW, expiresAt: NOW + HOUR })
  it.each<[string, number, { fresh: boolean; usable: boolean }]>([
    ['at its beginning', 0, { fresh: true, usable: true }],
    ['six minutes before its end', HOUR - 6 * MINUTE, { fresh: true, usable: true }],
    ['four minutes before its end', HOUR - 4 * MINUTE, { fresh: false, usable: true }],
    ['six seconds before its end', HOUR - 6 * SECOND, { fresh: false, usable: true }],
    ['four seconds before its end', HOUR - 4 * SECOND, { fresh: false, usable: false }],
    ['at its end', HOUR, { fresh: false, usable: false }],
    ['long after', 2 * HOUR, { fresh: false, usable: false }],
  ])('%s', (_, after, { fresh, usable }) => {
    expect(isFresh(hour, NOW + after, 0)).toBe(fresh)
    expect(isUsable(hour, NOW + after)).toBe(usable)
  })

  it('whose end nobody knows is handed out as it is', () => {
    const { expiresAt: _, ...endless } = hour
    expect(isFresh(endless, NOW + 1000 * HOUR, 0)).toBe(true)
    expect(isUsable(endless, NOW + 1000 * HOUR)).toBe(true)
  })

  it('can be renewed with a refresh token that is not over', () => {
    const { refreshToken: _, ...without } = hour
    expect(isRenewable(without, NOW)).toBe(false)
    expect(isRenewable(hour, NOW)).toBe(true)
    expect(isRenewable({ ...hour, refreshExpiresAt: NOW + 1 }, NOW)).toBe(true)
    expect(isRenewable({ ...hour, refreshExpiresAt: NOW }, NOW)).toBe(false)
  })
})
