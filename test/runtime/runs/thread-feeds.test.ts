import { expect, it } from 'vitest'
import { createEventLog } from '../../../src/runtime/runs/event-log.js'
import { createThreadFeeds, type ThreadFeeds } from '../../../src/runtime/runs/thread-feeds.js'

const RUNS = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as const

function runOf(runId: string, threadId = 't') {
  return { runId, threadId, log: createEventLog() }
}

/** Reads until it is told to stop, and then says what it got. */
function reading(feeds: ThreadFeeds, after?: string, threadId = 't', mayRead = async () => true) {
  const leaving = new AbortController()
  const got: string[] = []
  const done = (async () => {
    for await (const { id, event, data } of feeds.read(threadId, after, leaving.signal, mayRead)) {
      got.push(`${id === undefined ? '' : `${id.slice(35)} `}${event} ${data}`)
    }
  })()
  return {
    got,
    done,
    async leave() {
      await new Promise((resolve) => setImmediate(resolve))
      leaving.abort()
      await done
      return got
    },
  }
}

function play(feeds: ThreadFeeds, runId: string, events: readonly string[]) {
  const run = runOf(runId)
  feeds.started(run)
  for (const event of events) run.log.append(event, `"${event}"`)
  run.log.end()
  return run
}

const done = (runId: string) => `metadata {"status":"run_done","run_id":"${runId}"}`

it('one run after the other, and what belongs to none between them', async () => {
  const feeds = createThreadFeeds()
  const reader = reading(feeds)
  const other = reading(feeds, undefined, 'another thread')
  play(feeds, RUNS[0], ['metadata', 'values'])
  feeds.publish('t', 'state_update', '{}')
  play(feeds, RUNS[1], ['metadata'])
  expect(await reader.leave()).toEqual([
    '1/0 metadata "metadata"',
    '1/1 values "values"',
    `1/2 ${done(RUNS[0])}`,
    'state_update {}',
    '2/0 metadata "metadata"',
    `2/1 ${done(RUNS[1])}`,
  ])
  expect(await other.leave()).toEqual([])
})

it('a reader that comes back goes on where it was', async () => {
  const feeds = createThreadFeeds()
  play(feeds, RUNS[0], ['a', 'b'])
  play(feeds, RUNS[1], ['c'])
  const from = async (after: string | undefined) => reading(feeds, after).leave()
  const all = ['1/0 a "a"', '1/1 b "b"', `1/2 ${done(RUNS[0])}`, '2/0 c "c"', `2/1 ${done(RUNS[1])}`]
  expect(await from('-')).toEqual(all)
  expect(await from(undefined)).toEqual([])
  expect(await from(`${RUNS[0]}/0`)).toEqual(all.slice(1))
  expect(await from(`${RUNS[0]}/1`)).toEqual(all.slice(2))
  expect(await from(`${RUNS[0]}/2`)).toEqual(all.slice(3))
  expect(await from(`${RUNS[1]}/1`)).toEqual([])
})

it('a reader that comes while a run goes gets what is still to come', async () => {
  const feeds = createThreadFeeds()
  const run = runOf(RUNS[0])
  feeds.started(run)
  run.log.append('a', '1')
  const reader = reading(feeds)
  await new Promise((resolve) => setImmediate(resolve))
  run.log.append('b', '2')
  run.log.end()
  expect(await reader.leave()).toEqual(['1/1 b 2', `1/2 ${done(RUNS[0])}`])
})

it('ends with its thread, and forgets runs that are dropped', async () => {
  const feeds = createThreadFeeds()
  const run = play(feeds, RUNS[0], ['a'])
  const reader = reading(feeds)
  feeds.end('t')
  await reader.done
  feeds.dropped(run)
  expect(await reading(feeds, '-').leave()).toEqual([])
})

it('ends where its reader may not read the thread any more, before another word', async () => {
  const feeds = createThreadFeeds()
  let allowed = true
  const reader = reading(feeds, undefined, 't', async () => allowed)
  play(feeds, RUNS[0], ['a'])
  await new Promise((resolve) => setImmediate(resolve))
  allowed = false
  play(feeds, RUNS[1], ['b'])
  await reader.done
  expect(reader.got).toEqual(['1/0 a "a"', `1/1 ${done(RUNS[0])}`])
  expect(feeds.isFollowed('t')).toBe(false)
})

it('a thread that takes the id of another brings nothing of it', async () => {
  const feeds = createThreadFeeds()
  play(feeds, RUNS[0], ['a'])
  feeds.end('t')
  expect(await reading(feeds, '-').leave()).toEqual([])
})

it('a reader that takes nothing is let go', async () => {
  const feeds = createThreadFeeds()
  const stream = feeds.read('t', undefined, new AbortController().signal, async () => true)
  const first = stream.next()
  await new Promise((resolve) => setImmediate(resolve))
  const publish = (times: number) => {
    for (let time = 0; time < times; time++) feeds.publish('t', 'state_update', `"${'x'.repeat(1_000_000)}"`)
  }
  publish(3)
  expect((await first).done).toBe(false)
  publish(3)
  expect((await stream.next()).done).toBe(true)
  expect(feeds.isFollowed('t')).toBe(false)
})
