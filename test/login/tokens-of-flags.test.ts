import { describe, expect, it } from 'vitest'
import type { Logins } from '../../src/login/logins.js'
import { tokensOfFlags } from '../../src/login/tokens-of-flags.js'

function worldOf() {
  const asked: string[] = []
  const said: string[] = []
  const logins = {
    async accessToken(name: string) {
      asked.push(name)
      return { token: `token of ${name}`, ...(name === 'late' && { notice: 'It is late.' }) }
    },
  } as unknown as Logins
  const tokens = (flags: Record<string, unknown>) =>
    tokensOfFlags(['alice', 'bob', 'carol'], flags, { logins, say: (text) => said.push(text) })
  return { asked, said, tokens }
}

describe('the tokens of a command', () => {
  it.each<[string, Record<string, unknown>, object, string[]]>([
    ['nothing', { url: 'x', config: 'y' }, {}, []],
    ['tokens', { 'alice-token': 'a', 'bob-token': 'b' }, { alice: 'a', bob: 'b' }, []],
    [
      'profiles',
      { alice: '@alice', bob: '@work.2' },
      { alice: 'token of alice', bob: 'token of work.2' },
      ['alice', 'work.2'],
    ],
    [
      'both, for different people',
      { alice: '@alice', 'bob-token': 'b' },
      { alice: 'token of alice', bob: 'b' },
      ['alice'],
    ],
  ])('come from %s', async (_, flags, expected, names) => {
    const { tokens, asked, said } = worldOf()
    expect(await tokens(flags)).toEqual(expected)
    expect(asked).toEqual(names)
    expect(said).toEqual([])
  })

  it('come with what there is to say', async () => {
    const { tokens, said } = worldOf()
    await tokens({ carol: '@late' })
    expect(said).toEqual(['It is late.'])
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a token in the place of a profile', { alice: 'planted' }, /^--alice takes a profile, such as @alice\.$/],
    ['an @ alone', { bob: '@' }, /^--bob takes a profile/],
    ['what is no name', { bob: '@planted/x' }, /^--bob takes a profile/],
    [
      'both for one',
      { alice: '@alice', bob: '@bob', 'bob-token': 'planted' },
      /^There is a token for bob beside --bob\.$/,
    ],
  ])('are not looked for with %s, and it is not quoted', async (_, flags, message) => {
    const { tokens, asked } = worldOf()
    const refused = tokens(flags)
    await expect(refused).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/AUTHKIT_(ALICE|BOB)_TOKEN/),
    })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow(/planted/)
    expect(asked).toEqual([])
  })
})
