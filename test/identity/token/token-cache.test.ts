import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTokenCache } from '../../../src/identity/token/token-cache.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const forASecond = <T>(value: T) => ({ value, until: Date.now() + 1000 })

it('finds out once, for all who ask at once and until it is old', async () => {
  const cache = createTokenCache<number>()
  const find = vi.fn(async () => forASecond(7))
  expect(await Promise.all([cache.get('a', find), cache.get('a', find), cache.get('a', find)])).toEqual([7, 7, 7])
  vi.advanceTimersByTime(999)
  await cache.get('a', find)
  expect(find).toHaveBeenCalledTimes(1)
  await cache.get('b', find)
  vi.advanceTimersByTime(1)
  await cache.get('a', find)
  expect(find).toHaveBeenCalledTimes(3)
})

it('keeps no failure', async () => {
  const cache = createTokenCache<number>()
  await expect(cache.get('a', () => Promise.reject(new Error('out')))).rejects.toThrow('out')
  expect(await cache.get('a', async () => forASecond(1))).toBe(1)
})

it('forgets the oldest of too many', async () => {
  const cache = createTokenCache<string>()
  const remembered = async (token: string) => {
    const find = vi.fn(async () => forASecond(token))
    await cache.get(token, find)
    return find.mock.calls.length === 0
  }
  for (let count = 0; count < 2001; count++) await remembered(`token-${count}`)
  expect(await remembered('token-2000')).toBe(true)
  expect(await remembered('token-1')).toBe(true)
  expect(await remembered('token-0')).toBe(false)
})
