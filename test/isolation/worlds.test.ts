import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { leaking, play } from './support/fake-play.js'

describe('a server that isolates', () => {
  it('is called isolated by every check, and is empty again', async () => {
    const played = await play()
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')
    expect(open).toEqual([])
    expect(played.verdicts.size).toBe(CHECKS.reduce((sum, { actors = ['bob'] }) => sum + actors.length, 0))
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.server.remaining()).toEqual({ threads: 0, assistants: 0, items: 0 })
    expect(played.server.accidents()).toBe(0)
    // What keeps it fast: 0.4 ms a request is 0.7 s.
    expect(played.finished.requests).toBeLessThan(1800)
  })
})

/** The last looks need an attack to look back at. */
const PARTNERS: Readonly<Record<string, string>> = {
  'integrity.snapshot': 'thread.update',
  'integrity.residue': 'owner.thread.create',
}

describe('a server with one hole', () => {
  it.each(CHECKS.map(({ id }) => id))('%s goes red', async (id) => {
    const played = await play(
      { leaks: [id] },
      { checks: CHECKS.filter((check) => [id, PARTNERS[id]].includes(check.id)) },
    )
    expect(leaking(played)).toEqual([id])
    expect(played.finished.exitCode).toBe(1)
    expect(played.finished.cleanup?.left).toEqual([])
  })
})

describe('a server with some holes', () => {
  const groups = Array.from({ length: 6 }, (_, group) => ({
    group,
    holes: CHECKS.map(({ id }) => id).filter((_id, index) => index % 6 === group),
  }))
  it.each(groups)('group $group: exactly the checks of these holes go red', async ({ holes }) => {
    const played = await play({ leaks: holes })
    expect(leaking(played)).toEqual(holes.toSorted())
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.server.remaining()).toEqual({ threads: 0, assistants: 0, items: 0 })
  })
})

describe('a server that refuses everybody once the data is planted', () => {
  it.each([401, 403, 404, 500, 'null'] as const)('with %s is never called isolated', async (refuse) => {
    const { verdicts, finished } = await play({ refuse }, { keep: true, concurrency: 40 })
    expect([...verdicts].filter(([, verdict]) => verdict === 'isolated')).toEqual([])
    expect(finished.exitCode).not.toBe(0)
  })

  it('by not answering is never called isolated', async () => {
    const checks = CHECKS.filter(({ id }) => ['thread.read', 'thread.search', 'run.join'].includes(id))
    const { verdicts, finished } = await play({ refuse: 'hang' }, { checks, timeoutMs: 60, keep: true })
    expect([...new Set(verdicts.values())]).toEqual(['inconclusive'])
    expect(finished.exitCode).toBe(3)
  })
})

describe('a server that forgets Alice on the way', () => {
  it('has not leaked: her untouched copy is gone as well', async () => {
    const checks = CHECKS.filter(({ id }) => id === 'thread.delete')
    const { verdicts } = await play({ forgetsAlice: true }, { checks, keep: true })
    expect([...verdicts.values()]).toEqual(['inconclusive', 'inconclusive'])
  })
})

describe('a server that crashes where it should refuse', () => {
  it('is not called isolated for it', async () => {
    const { verdicts, finished } = await play(
      { crash: true },
      { checks: CHECKS.filter(({ id }) => /^(thread|run)\./.test(id)) },
    )
    expect(verdicts.get('thread.read@bob')).toBe('inconclusive')
    expect(verdicts.get('run.create@bob')).toBe('inconclusive')
    expect(verdicts.get('thread.read@nobody')).toBe('isolated')
    expect(finished.exitCode).toBe(3)
  })
})
