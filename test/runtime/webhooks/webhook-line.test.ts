import { describe, expect, it } from 'vitest'
import { createWebhookLine, type WebhookLine } from '../../../src/runtime/webhooks/webhook-line.js'

const MB = 2 ** 20

/** One that stands in the line, and what became of it so far. */
interface One {
  readonly name: string
  state: 'waits' | 'goes' | 'gave up'
  leave(): void
}

/** A line, and who went in which order. */
function lineOf() {
  const line: WebhookLine = createWebhookLine()
  const went: string[] = []

  function stand(
    identity: string | undefined,
    host: string,
    { name = `${identity}`, bytes = 0, pauseMs = 0 } = {},
  ): One {
    const one: One = { name, state: 'waits', leave: () => undefined }
    void line.enter({ identity, host, bytes }, pauseMs).then((leave) => {
      one.state = leave ? 'goes' : 'gave up'
      if (leave) {
        went.push(name)
        one.leave = leave
      }
    })
    return one
  }

  return { line, went, stand }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const states = (all: readonly One[], state: One['state']) => all.filter((one) => one.state === state).length

describe('places', () => {
  it.each<[string, (index: number) => [user: string | undefined, host: string], number]>([
    ['at one host, for one user', () => ['bob', 'a'], 4],
    ['at one host, where there are no users', () => [undefined, 'a'], 4],
    ['at one host, for many users', (n) => [`u${n}`, 'a'], 8],
    ['at many hosts, for one user', (n) => ['bob', `h${n}`], 16],
    ['at many hosts, for many users', (n) => [`u${n}`, `h${n}`], 32],
  ])('%s', async (_, whereOf, places) => {
    const { stand } = lineOf()
    const all = times(60, (n) => stand(...whereOf(n)))
    await turn()
    expect(states(all, 'goes')).toBe(places)
    // Whoever leaves lets in the next one, and the places stay as many.
    for (let left = 60; left > 0; left -= 1) {
      expect(states(all, 'goes')).toBe(Math.min(left, states(all, 'goes')))
      const one = all.find(({ state }) => state === 'goes')
      one?.leave()
      if (one) one.state = 'gave up'
      await turn()
      expect(states(all, 'goes')).toBeLessThanOrEqual(places)
    }
    expect(states(all, 'waits')).toBe(0)
  })

  it('are kept by nobody for themselves, with however many hosts', async () => {
    const { stand } = lineOf()
    const bobs = times(200, (n) => stand('bob', `dead${n}`))
    await turn()
    const alices = [stand('alice', 'good'), stand('alice', 'dead0')]
    await turn()
    expect([states(bobs, 'goes'), alices[0]?.state]).toEqual([16, 'goes'])
    alices[0]?.leave()
    await turn()
    expect(alices[1]?.state).toBe('goes')
  })
})

describe('turns', () => {
  it('are taken by users, however much one of them sends', async () => {
    const { stand, went } = lineOf()
    const going = times(4, () => stand('dave', 'h'))
    await turn()
    for (const user of ['bob', 'carol']) going.push(...times(3, (n) => stand(user, 'h', { name: `${user} ${n}` })))
    await turn()
    for (const one of going.filter(({ state }) => state === 'goes')) {
      one.leave()
      await turn()
    }
    expect(went.slice(4)).toEqual(['bob 0', 'carol 0', 'bob 1', 'carol 1', 'bob 2', 'carol 2'])
  })

  it('are taken one after the other where places are few', async () => {
    const { stand, went } = lineOf()
    const full = times(8, (n) => stand(`u${n}`, 'h'))
    await turn()
    const waiting = ['bob', 'carol'].flatMap((user) => times(2, () => stand(user, 'h')))
    full[0]?.leave()
    await turn()
    for (const _ of times(3, () => 'turn')) {
      const one = waiting.find(({ state }) => state === 'goes')
      one?.leave()
      if (one) one.state = 'gave up'
      await turn()
    }
    expect(went.slice(8)).toEqual(['bob', 'carol', 'bob', 'carol'])
  })

  it('are of whoever has the fewest on their way first', async () => {
    const { stand, went } = lineOf()
    const of = (user: string, count: number) => times(count, (n) => stand(user, `${user}${n}`))
    of('bob', 10)
    const [first] = of('dave', 5)
    of('carol', 1)
    await turn()
    expect(went).toHaveLength(16)
    stand('bob', 'more')
    stand('carol', 'more')
    await turn()
    first?.leave()
    await turn()
    expect(went.slice(16)).toEqual(['carol'])
  })

  it('go around the hosts of one user', async () => {
    const { stand, went } = lineOf()
    const full = times(16, (n) => stand('bob', `full${n}`))
    await turn()
    for (const host of ['a', 'b']) times(3, () => stand('bob', host, { name: host }))
    await turn()
    for (const one of full) {
      one.leave()
      await turn()
    }
    expect(went.slice(16).join('')).toBe('ababab')
  })
})

describe('what waits', () => {
  it('for one host is at most a thousand of each user', async () => {
    const { stand } = lineOf()
    const bobs = times(1005, () => stand('bob', 'a'))
    await turn()
    expect([states(bobs, 'goes'), states(bobs, 'waits'), states(bobs, 'gave up')]).toEqual([4, 1000, 1])
    expect(bobs.at(-1)?.state).toBe('gave up')
    const alice = stand('alice', 'a')
    await turn()
    expect(alice.state).toBe('goes')
  })

  it('is at most 64 MB: of whoever has the most, the one that waited longest gives up', async () => {
    const { stand } = lineOf()
    const alice = times(2, () => stand('alice', 'b', { bytes: 5 * MB, pauseMs: 60_000 }))
    times(4, () => stand('bob', 'a', { bytes: 30 * MB }))
    await turn()
    const bob = times(6, () => stand('bob', 'a', { bytes: 9 * MB - 2048 }))
    await turn()
    expect(states([...alice, ...bob], 'waits')).toBe(8)
    const another = stand('alice', 'c', { bytes: MB, pauseMs: 60_000 })
    await turn()
    expect(bob.map(({ state }) => state)).toEqual(['gave up', ...times(5, () => 'waits')])
    expect(states([...alice, another], 'waits')).toBe(3)
  })

  it('is not what is on its way', async () => {
    const { stand } = lineOf()
    const all = times(4, () => stand('bob', 'a', { bytes: 60 * MB }))
    for (const one of all) await turn().then(() => expect(one.state).toBe('goes'))
  })

  it('and is too large by itself gives up at once, and nobody for it', async () => {
    const { stand } = lineOf()
    const small = stand('bob', 'a', { bytes: MB, pauseMs: 60_000 })
    const large = stand('bob', 'a', { bytes: 64 * MB })
    await turn()
    expect([small.state, large.state]).toEqual(['waits', 'gave up'])
  })

  it('costs something even without a payload', async () => {
    const { stand } = lineOf()
    const alice = stand('alice', 'a', { bytes: 32 * MB - 1024, pauseMs: 60_000 })
    stand('carol', 'a', { bytes: 31 * MB - 1024, pauseMs: 60_000 })
    times(1024, (n) => stand('bob', `h${n}`, { pauseMs: 60_000 }))
    await turn()
    expect(alice.state).toBe('waits')
    stand('bob', 'one more', { pauseMs: 60_000 })
    await turn()
    expect(alice.state).toBe('gave up')
  })

  it('gives up when the line closes, and so does whatever comes', async () => {
    const { line, stand } = lineOf()
    const all = [...times(8, () => stand('bob', 'a')), stand('alice', 'b', { pauseMs: 60_000 })]
    await turn()
    line.close()
    all.push(stand('carol', 'c'))
    await turn()
    expect([states(all, 'goes'), states(all, 'gave up')]).toEqual([4, 6])
    all[0]?.leave()
    await turn()
    expect(states(all, 'goes')).toBe(4)
  })
})
