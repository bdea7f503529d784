import { describe, expect, it } from 'vitest'
import { filterText, matches, parseFilter } from '../../src/engine/filter.js'

describe('parseFilter refuses what could match everything', () => {
  it.each<[string, unknown]>([
    ['an empty filter', {}],
    ['a list', ['owner']],
    ['a string', 'owner'],
    ['a date', new Date()],
    ['an instance of a class', new (class Owner {})()],
    ['a condition without operators', { owner: {} }],
    ['an unknown operator', { owner: { $ne: 'u1' } }],
    ['a known operator beside an unknown one', { owner: { $eq: 'u1', $in: ['u1'] } }],
    ['an unknown operator at the top', { $not: { owner: 'u1' } }],
    ['undefined', { owner: undefined }],
    ['undefined behind $eq', { owner: { $eq: undefined } }],
    ['undefined behind $contains', { owner: { $contains: undefined } }],
    ['NaN', { owner: Number.NaN }],
    ['infinity', { owner: Number.POSITIVE_INFINITY }],
    ['a date as a value', { owner: new Date() }],
    ['a function as a value', { owner: () => 'u1' }],
    ['a list as a value', { owner: ['u1'] }],
    ['a nested object as a value', { owner: { name: 'u1' } }],
    ['an empty $contains list', { owner: { $contains: [] } }],
    ['an object in a $contains list', { owner: { $contains: [{}] } }],
    ['$or with one entry', { $or: [{ owner: 'u1' }] }],
    ['$and without a list', { $and: { owner: 'u1' } }],
    ['an empty filter inside $or', { $or: [{ owner: 'u1' }, {}] }],
    ['three levels of $or', { $or: [{ a: 1 }, { $or: [{ b: 1 }, { $or: [{ c: 1 }, { d: 1 }] }] }] }],
    ['a key with NUL', { 'owner\0': 'u1' }],
  ])('%s', (_, filter) => {
    expect(() => parseFilter(filter)).toThrow(expect.objectContaining({ code: 'filter_invalid' }))
  })

  it('names what is wrong', () => {
    expect(() => parseFilter({ owner: { $ne: 'u1' } })).toThrow('unknown operator $ne on "owner"')
    expect(() => parseFilter({ owner: undefined })).toThrow('the value of "owner" is undefined')
  })
})

const metadata = JSON.parse(
  '{"owner":"u1","n":1,"empty":"","flag":false,"none":null,"tags":["a","b",3],"nested":{"owner":"u1"},"__proto__":"mine"}',
)

describe('matches', () => {
  it.each<[string, unknown, boolean]>([
    ['an equal string', { owner: 'u1' }, true],
    ['another string', { owner: 'u2' }, false],
    ['a prefix', { owner: 'u' }, false],
    ['$eq', { owner: { $eq: 'u1' } }, true],
    ['$eq with the empty string matches only the empty string', { owner: { $eq: '' } }, false],
    ['the empty string', { empty: '' }, true],
    ['$eq 0 is not false', { flag: { $eq: 0 } }, false],
    ['$eq false', { flag: { $eq: false } }, true],
    ['a number as a string', { n: '1' }, false],
    ['a number', { n: 1 }, true],
    ['null where null is stored', { none: null }, true],
    ['null where the key is missing', { missing: null }, false],
    ['$contains in a list', { tags: { $contains: 'a' } }, true],
    ['$contains is no substring test', { owner: { $contains: 'u' } }, false],
    ['$contains with the empty string', { tags: { $contains: '' } }, false],
    ['$contains of all', { tags: { $contains: ['b', 'a'] } }, true],
    ['$contains of some', { tags: { $contains: ['a', 'z'] } }, false],
    ['$contains of another type', { tags: { $contains: '3' } }, false],
    ['several keys', { owner: 'u1', n: 1 }, true],
    ['several keys, one wrong', { owner: 'u1', n: 2 }, false],
    ['both operators must hold', { owner: { $eq: 'u1', $contains: 'z' } }, false],
    ['$or', { $or: [{ owner: 'u2' }, { n: 1 }] }, true],
    ['$or beside a key', { $or: [{ owner: 'u1' }, { n: 1 }], n: 2 }, false],
    ['$and', { $and: [{ owner: 'u1' }, { n: 2 }] }, false],
    ['an inherited key', { toString: 'x' }, false],
    ['the key constructor', { constructor: 'x' }, false],
    ['an own __proto__', JSON.parse('{"__proto__":"mine"}'), true],
    ['a nested key by its path', { 'nested.owner': 'u1' }, false],
  ])('%s', (_, filter, expected) => {
    expect(matches(parseFilter(filter), metadata)).toBe(expected)
  })
})

it('says a filter in one line', () => {
  const filter = parseFilter({ owner: 'u1', $or: [{ team: { $contains: ['a b', 'c'] } }, { n: 1 }] })
  expect(filterText(filter)).toBe('owner=u1 and (team contains "a b" and team contains c or n=1)')
})
