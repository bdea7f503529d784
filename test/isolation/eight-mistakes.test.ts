import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { deputy, route } from './support/mutant.js'
import { play } from './support/play.js'
import type { Overlay } from './support/world.js'
import { crashing, echoing, expires, instead, json, oncePlanted, redirects, remade, text } from './support/worlds.js'

/**
 * The eight mistakes that suites like this one make, each as a world in which the mistake gives a wrong verdict. Take the
 * rule away that stops it, and its test here goes red.
 */

/** What Bob's attack is called in a world. */
async function verdict(id: string, overlay: Overlay | undefined): Promise<string | undefined> {
  const checks = CHECKS.filter((check) => check.id === id)
  const { verdicts } = await play({ ...(overlay ? { overlay } : {}) }, { checks, keep: true })
  return verdicts.get(`${id}@bob`)
}

const patching = route('PATCH /threads/:id')
const reading = route('GET /threads/:id')
const joining = route('GET /threads/:id/runs/:run/join')

/** What Alice would have got. */
const hers: (call: Parameters<Overlay>[0], next: Parameters<Overlay>[1]) => Promise<string> = async (call, next) =>
  (await next(call.as('user1'))).text()

describe('false passes', () => {
  it('1. the attack was broken and died in validation', async () => {
    const broken: Overlay = (call, next) => (patching(call) ? json(422, { detail: 'a field is missing' }) : next(call))
    expect(await verdict('thread.update', broken)).toBe('inconclusive')
  })

  it('2. it was denied by a crash', async () => {
    expect(await verdict('thread.read', crashing.overlay)).toBe('inconclusive')
  })

  it('3. the server denies everybody, or a token expired on the way', async () => {
    const everybody = oncePlanted(() => json(403, { detail: 'no' })).overlay
    expect(await verdict('thread.read', everybody)).toBe('inconclusive')
    // Bob has made and found his control thread and his copies, and not attacked yet.
    const { seen } = await play({}, { checks: CHECKS.filter(({ id }) => id === 'thread.read'), keep: true })
    const bobs = seen.filter(({ user }) => user === 'user2')
    const attack = bobs.findLastIndex((call) => reading(call))
    expect(await verdict('thread.read', expires('user2', attack - 1).overlay)).toBe('inconclusive')
  })

  it.each<[string, string, Overlay]>([
    [
      'a 404 with a body',
      'thread.read',
      async (call, next) => {
        const answer = await next(call)
        return call.user === 'user2' && answer.status === 404 ? text(404, await hers(call, next)) : answer
      },
    ],
    ['a redirect with a body', 'thread.read', redirects('/login', hers)],
    [
      'a header',
      'thread.read',
      async (call, next) => {
        const answer = await next(call)
        if (call.user !== 'user2' || answer.status !== 404) return answer
        return remade(answer, { 'x-debug': JSON.parse(await hers(call, next)).metadata.secret })
      },
    ],
    [
      'the events of a stream before its error',
      'run.join',
      async (call, next) => {
        const answer = await next(call)
        if (!joining(call) || call.user !== 'user2') return answer
        const events = `event: values\ndata: ${await hers(call, next)}\n\nevent: error\ndata: "Run not found"\n\n`
        return text(200, events, { 'content-type': 'text/event-stream' })
      },
    ],
  ])('4. the data stood in the denial: %s', async (_, id, overlay) => {
    expect(await verdict(id, overlay)).toBe('leak')
  })

  it('5. the write was refused and executed', async () => {
    const behindTheBack: Overlay = async (call, next) => {
      const answer = await next(call)
      if (patching(call) && call.user === 'user2' && answer.status === 404) await next(call.as('user1'))
      return answer
    }
    expect(await verdict('thread.update', behindTheBack)).toBe('leak')
  })
})

describe('false alarms', () => {
  const stream = { 'content-type': 'text/event-stream' }
  it.each<[string, () => Response]>([
    ['null', () => json(200, null)],
    ['[]', () => json(200, [])],
    ['an empty page', () => json(200, { items: [] })],
    ['an empty body', () => new Response(null, { status: 204 })],
    ['an error in an envelope', () => json(200, { __error__: { error: 'Error', message: 'Run not found' } })],
    ['an error of the second protocol', () => json(200, { type: 'error', error: 'no_such_run' })],
    ['a stream with nothing but an error', () => text(200, 'event: error\ndata: "Run not found"\n\n', stream)],
    ['heartbeats', () => text(200, ': heartbeat\n\nevent: end\ndata: null\n\n', stream)],
  ])('6. a 200 without data: %s', async (_, answer) => {
    expect(await verdict('run.join', instead(answer))).toBe('isolated')
  })

  it('6. a 200 with the own object: a write that stays in the space of the caller', async () => {
    const moved: Overlay = (call, next) =>
      call.method === 'PUT' && call.user === 'user2'
        ? next(call.but({ json: { ...call.json, namespace: ['user2', ...call.json.namespace] } }))
        : next(call)
    expect(await verdict('store.put', moved)).toBe('isolated')
  })

  it('7. a refusal of the length and the shape of the real answer', async () => {
    const lookalike: Overlay = async (call, next) => {
      const answer = await next(call)
      if (!reading(call) || call.user !== 'user2' || answer.status !== 404) return answer
      // Alice's thread to the letter, with other letters.
      const body = (await hers(call, next)).replace(/iso[a-z2-7]{26}/g, (canary) => 'x'.repeat(canary.length))
      return text(404, body.replaceAll(call.path.split('/')[2] ?? '', '00000000-0000-4000-8000-000000000000'))
    }
    expect(await verdict('thread.read', lookalike)).toBe('isolated')
  })

  it('8. the id that was asked for, repeated in the refusal', async () => {
    const repeating: Overlay = async (call, next) => {
      const answer = await next(call)
      return answer.status === 404 ? text(404, `Nothing at ${call.path}, asked with ${call.text}`) : answer
    }
    expect(await verdict('thread.read', repeating)).toBe('isolated')
    expect(await verdict('thread.update', repeating)).toBe('isolated')
  })
})

it('the real server makes none of them red', async () => {
  for (const id of ['thread.read', 'thread.update', 'run.join', 'store.put']) {
    expect(await verdict(id, echoing())).toBe('isolated')
  }
  expect(await verdict('thread.read', deputy('GET /threads/:id'))).toBe('leak')
})
