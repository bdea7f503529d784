import { describe, expect, it } from 'vitest'
import { TOKENS } from '../support/play.js'
import { type Overlay, startWorld } from '../support/world.js'
import { playAny, verdictsOf } from './support/play.js'
import { fileOf } from './support/recorder.js'

/** `authkit dev` by its own description: each user has a thread with a secret, and nothing else is known of the API. */
async function play(overlay?: Overlay) {
  const world = await startWorld(overlay ? { overlay } : {})
  try {
    const send = async (token: string, path: string, body?: unknown) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
      return (await fetch(new URL(path, world.url), init)).json() as Promise<{ thread_id: string }>
    }
    const plant = async (token: string) =>
      (await send(token, '/threads', { metadata: { secret: `only the owner of ${token} reads this line` } })).thread_id
    const [alice, bob] = [await plant(TOKENS.alice), await plant(TOKENS.bob)]
    return await playAny({
      url: world.url.href,
      openapi: fileOf(await send(TOKENS.alice, '/openapi.json'), 'openapi.json'),
      as: fileOf({ alice: { thread_id: alice }, bob: { thread_id: bob } }, 'ids.json'),
      tokens: TOKENS,
    })
  } finally {
    await world.close()
  }
}

describe('authkit dev, by its OpenAPI description', () => {
  it('is isolated, without a false alarm', async () => {
    const played = await play()
    expect(played.leaks).toEqual([])
    expect(verdictsOf(played, 'any.replay.bob')).toContain('bob GET /threads/{thread_id} isolated')
    expect(verdictsOf(played, 'any.list')).toContain('bob POST /threads/search isolated')
  })

  it.each<[string, RegExp, string[]]>([
    ['reads threads', /^GET \/threads\/[^/]+$/, ['any.replay.bob GET /threads/{thread_id}']],
    ['lists threads', /^POST \/threads\/search$/, ['any.list POST /threads/search']],
  ])('leaks where Bob %s as Alice', async (_, route, leaks) => {
    const played = await play((call, next) =>
      next(call.user === 'user2' && route.test(`${call.method} ${call.path}`) ? call.as('user1') : call),
    )
    expect(played.leaks).toEqual(leaks)
  })
})
