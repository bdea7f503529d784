import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { deputy } from './support/mutant.js'
import { leaking, play } from './support/play.js'
import type { Overlay, User } from './support/world.js'
import {
  behind,
  breaking,
  crashing,
  expires,
  forgetsAlice,
  impatient,
  instead,
  json,
  mistyped,
  oncePlanted,
  packed,
  redirects,
  slow,
  text,
} from './support/worlds.js'

const some = (...ids: string[]) => CHECKS.filter(({ id }) => ids.includes(id))

/** Of every kind of request one. */
const EACH = some(
  'thread.read',
  'thread.search',
  'thread.update',
  'thread.delete',
  'run.join',
  'run.create',
  'assistant.read',
  'store.get',
  'store.put',
  'stream.parent',
  'collision.thread',
)

const words = ({ verdicts }: { verdicts: ReadonlyMap<string, string> }) => [...new Set(verdicts.values())].toSorted()

describe('a server that refuses everybody once the data is planted', () => {
  const answers: Readonly<Record<string, () => Response>> = {
    '401': () => json(401, { detail: 'refused' }),
    '403': () => json(403, { detail: 'refused' }),
    '404': () => json(404, { detail: 'refused' }),
    '429': () => text(429, 'Slow down', { 'retry-after': '0' }),
    '500': () => json(500, { detail: 'refused' }),
    '200 null': () => json(200, null),
    '200 []': () => json(200, []),
    '200 with a web page': () => text(200, '<!doctype html><title>Welcome</title>', { 'content-type': 'text/html' }),
    '302 to the sign-in page': () => text(302, '', { location: '/login' }),
  }
  it.each(Object.keys(answers))('with %s is never called isolated, nor leaking', { timeout: 120_000 }, async (name) => {
    const checks = ['403', '500', '200 null'].includes(name) ? CHECKS : EACH
    const played = await play(oncePlanted(answers[name] as () => Response), { checks, keep: true, concurrency: 40 })
    expect([...played.verdicts].filter(([, verdict]) => verdict === 'isolated' || verdict === 'leak')).toEqual([])
    expect(played.finished.exitCode).toBe(3)
  })

  it('by not answering is inconclusive', async () => {
    const never = () => new Promise<Response>((resolve) => setTimeout(resolve, 2000, json(200, null)))
    const played = await play(oncePlanted(never), {
      checks: some('thread.read', 'run.join'),
      timeoutMs: 60,
      keep: true,
    })
    expect(words(played)).toEqual(['inconclusive'])
    expect(played.finished.exitCode).toBe(3)
  })
})

describe('a server that answers everything alike from the beginning', () => {
  it.each<[string, () => Response, string]>([
    ['401', () => text(401, 'Who are you?'), 'control.alice'],
    ['500', () => text(500, 'oops'), 'control.alice'],
    ['200 null', () => json(200, null), 'control.alice'],
    ['200 []', () => json(200, []), 'control.alice'],
    ['200 with a web page', () => text(200, '<html></html>'), 'control.alice'],
    ['302 to the sign-in page', () => text(302, '', { location: '/login' }), 'control.alice'],
  ])('with %s is stopped at once', async (_, answer, id) => {
    const { finished, verdicts } = await play({ overlay: answer })
    expect(finished.stop?.id).toBe(id)
    expect(finished.exitCode).toBe(3)
    expect(verdicts.size).toBe(0)
  })
})

describe('a world that is only in the way', () => {
  const worlds: Readonly<Record<string, () => Overlay>> = {
    'answers slowly': () => slow(20),
    'limits the rate': () => impatient(),
    'packs everything': () => packed,
    'calls everything text/plain': () => mistyped('text/plain'),
    'calls everything text/html': () => mistyped('text/html'),
    'calls everything binary': () => mistyped('application/octet-stream'),
    'sends the refused to the sign-in page': () => redirects('/login?next=/'),
    'sends the refused to another host': () => redirects('http://sso.invalid/oauth/authorize'),
  }

  it.each(Object.keys(worlds))('%s: the right verdicts', async (name) => {
    const world = worlds[name] as () => Overlay
    const honest = await play({ overlay: world() }, { checks: EACH })
    expect(words(honest)).toEqual(['isolated'])
    expect(honest.finished.exitCode).toBe(0)
    expect(honest.remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })

    const holed = await play({ overlay: behind(world(), deputy('GET /threads/:id')) }, { checks: EACH })
    expect(leaking(holed)).toEqual(['thread.read'])
  })
})

describe('denials that deny nothing', () => {
  const checks = some('thread.read', 'run.join')

  // The server tells on stderr that its connections broke.
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
  afterEach(() => void vi.restoreAllMocks())

  const unsearched = 'the answer could not be searched to its end'
  it.each<[string, Overlay, string]>([
    ['a redirect to somewhere else', redirects('/threads/'), 'unexpected status 302'],
    ['a redirect to another host', redirects('http://elsewhere.invalid/'), 'unexpected status 302'],
    ['a crash', crashing.overlay as Overlay, 'denied by a crash (500): make it a 401, 403 or 404'],
    ['a connection that is reset', breaking(0), 'the connection was reset'],
    ['a body that is cut', breaking(2), 'the connection was reset'],
    ['an answer beyond 8 MiB', instead(() => text(404, ' '.repeat(8 * 1024 * 1024 + 1))), unsearched],
    ['a body that can not be unpacked', instead(() => text(404, 'x', { 'content-encoding': 'gzip' })), unsearched],
    ['a coding that nobody knows', instead(() => text(404, 'x', { 'content-encoding': 'zip' })), unsearched],
    ['a web page', instead(() => text(200, '<html>Sign in</html>')), 'a web page instead of an answer (200)'],
    ['a rate limit without end', instead(() => text(429, 'Slow down', { 'retry-after': '0' })), 'rate limited'],
  ])('%s is inconclusive', async (_, overlay, reason) => {
    const { events, finished } = await play({ overlay }, { checks })
    const verdicts = events.flatMap((event) =>
      event.kind === 'checked' && event.result.actor === 'bob' ? [event.result.verdict] : [],
    )
    expect(verdicts).toEqual(checks.map(() => ({ kind: 'inconclusive', reason })))
    expect(finished.exitCode).toBe(3)
  })

  it('data in the body of a redirect is a leak', async () => {
    const overlay = redirects('/login', async (call, next) => (await next(call.as('user1'))).text())
    const played = await play({ overlay }, { checks: some('thread.read') })
    expect(leaking(played)).toEqual(['thread.read'])
  })

  it('no redirect is followed', async () => {
    const { seen } = await play({ overlay: redirects('/followed?next=login') }, { checks })
    expect(seen.filter(({ path }) => path === '/followed')).toEqual([])
  })
})

describe('a token that expires on the way', () => {
  // Without runs, which are asked about until they rest, every request has its place.
  const checks = some(
    'thread.read',
    'thread.search',
    'thread.update',
    'assistant.read',
    'assistant.delete',
    'store.get',
    'store.put',
  )

  it.each<[User, number]>([
    ['user1', 0.6],
    ['user1', 0.9],
    ['user2', 0.6],
    ['user2', 0.9],
  ])('of %s after %d of the run: nothing from there on is called isolated', async (user, share) => {
    const whole = await play({}, { checks, concurrency: 1, keep: true })
    const requests = whole.seen.filter((call) => call.user === user).length
    const { events, finished } = await play(expires(user, Math.floor(requests * share)), {
      checks,
      concurrency: 1,
      keep: true,
    })
    const verdicts = events.flatMap((event) => {
      // Who has no token is refused by the first line of the server, whatever became of the others' tokens.
      const concerned = event.kind === 'checked' && (user === 'user1' || event.result.actor === 'bob')
      return concerned ? [event.result.verdict.kind] : []
    })
    const first = verdicts.indexOf('inconclusive')
    expect(first).toBeGreaterThan(0)
    expect(verdicts.slice(0, first).filter((verdict) => verdict !== 'isolated')).toEqual([])
    expect(verdicts.slice(first).filter((verdict) => verdict !== 'inconclusive')).toEqual([])
    expect(finished.exitCode).toBe(3)
  })

  it('is told from a role that Bob does not have', async () => {
    let out = false
    const overlay: Overlay = (call, next) => {
      out ||= call.user === 'user2' && call.path.endsWith('/copy')
      return out && call.user === 'user2' ? text(401, 'Token expired') : next(call)
    }
    const { events } = await play({ overlay }, { checks: some('thread.copy') })
    const [bob] = events.flatMap((event) =>
      event.kind === 'checked' && event.result.actor === 'bob' ? [event.result.verdict] : [],
    )
    const reason = 'Bob could not read a thread of his own afterwards (401)'
    expect(bob).toEqual({ kind: 'inconclusive', reason })
  })
})

describe('a server that forgets Alice on the way', () => {
  it('has not leaked: her untouched copy is gone as well', async () => {
    const { verdicts } = await play(forgetsAlice(), { checks: some('thread.delete'), keep: true })
    expect([...verdicts.values()]).toEqual(['inconclusive', 'inconclusive'])
  })
})

describe('a server that crashes where it should refuse', () => {
  it('is not called isolated for it', async () => {
    const { verdicts, finished } = await play(crashing, {
      checks: CHECKS.filter(({ id }) => /^(thread|run)\./.test(id)),
    })
    expect(verdicts.get('thread.read@bob')).toBe('inconclusive')
    expect(verdicts.get('run.create@bob')).toBe('inconclusive')
    expect(verdicts.get('thread.read@nobody')).toBe('isolated')
    expect(finished.exitCode).toBe(3)
  })
})
