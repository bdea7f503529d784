import { describe, expect, it } from 'vitest'
import { assertAgreed, chooseTokens, isLoopback, parseTarget } from '../../src/isolation/target.js'

describe('the target', () => {
  it.each([
    'nonsense',
    'ftp://x',
    'file:///etc/passwd',
    'http://user:secret@127.0.0.1',
    'http://x?token=secret',
    'http://x#y',
  ])('refuses %s without repeating it', (url) => {
    expect(() => parseTarget(url)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('secret') }),
    )
  })

  it.each([
    ['http://127.0.0.1:2024', true],
    ['http://127.1.2.3', true],
    ['http://localhost:1', true],
    ['http://[::1]:1', true],
    ['http://10.0.0.1', false],
    ['http://127.0.0.1.example.com', false],
    ['http://localhost.example.com', false],
    ['https://example.com', false],
  ])('%s is loopback: %s', (url, loopback) => expect(isLoopback(new URL(url))).toBe(loopback))

  it('asks for agreement elsewhere', () => {
    const elsewhere = new URL('https://example.com')
    expect(() => assertAgreed(elsewhere, false)).toThrow(expect.objectContaining({ code: 'target_refused' }))
    expect(() => assertAgreed(elsewhere, true)).not.toThrow()
    expect(() => assertAgreed(new URL('http://127.0.0.1'), false)).not.toThrow()
  })
})

describe('tokens', () => {
  const local = new URL('http://127.0.0.1')
  const elsewhere = new URL('https://example.com')

  it('are placeholders on this machine only', () => {
    expect(chooseTokens(local, {})).toEqual({ alice: 'user1-token', bob: 'user2-token' })
    expect(() => chooseTokens(elsewhere, {})).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(() => chooseTokens(elsewhere, { alice: 'a' })).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(chooseTokens(elsewhere, { alice: 'a', bob: 'b' })).toEqual({ alice: 'a', bob: 'b' })
  })

  it.each([
    ['the same', { alice: 'x-secret', bob: 'x-secret' }],
    ['empty', { alice: '', bob: 'b' }],
    ['no header text', { alice: 'x-secret\n', bob: 'b' }],
  ])('are refused when they are %s, without being repeated', (_, given) => {
    expect(() => chooseTokens(local, given)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('secret') }),
    )
  })
})
