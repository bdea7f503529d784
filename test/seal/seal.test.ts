import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSeal } from '../../src/seal/seal.js'

const secret = { identity: 'alice', token: 'a secret of hers' }

describe('a sealed value', () => {
  const key = randomBytes(32)
  const sealed = createSeal(key).close('runs/1', secret)

  it('opens in its place, under its key', () => {
    expect(createSeal(key).open('runs/1', sealed)).toEqual(secret)
    expect(createSeal(key).open('runs/1', new Uint8Array(sealed))).toEqual(secret)
    expect(createSeal(key).open('p', createSeal(key).close('p', undefined))).toBeNull()
  })

  it('shows nothing of what it holds, and never looks the same twice', () => {
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('secret')
    expect(Buffer.from(createSeal(key).close('runs/1', secret))).not.toEqual(Buffer.from(sealed))
  })

  it('opens nowhere else', () => {
    const open = (place: string, bytes: Uint8Array, under = key) => createSeal(under).open(place, bytes)
    expect(() => open('runs/2', sealed)).toThrow()
    expect(() => open('crons/1', sealed)).toThrow()
    expect(() => open('runs/1', sealed, randomBytes(32))).toThrow()
    expect(() => createSeal().open('runs/1', sealed)).toThrow()
    for (const length of [0, 1, 44, sealed.length - 1]) {
      expect(() => open('runs/1', sealed.slice(0, length))).toThrow()
    }
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => open('runs/1', changed)).toThrow()
    }
  })

  it('needs a whole key', () => {
    expect(() => createSeal(randomBytes(31))).toThrow(RangeError)
  })
})
