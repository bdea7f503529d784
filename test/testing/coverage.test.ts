import { expect, it } from 'vitest'
import { measureCoverage } from '../../src/testing/coverage.js'
import { openTestServer } from '../../src/testing/open-test-server.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

const OPEN = { authkitEntry: AUTHKIT_ENTRY, version: '0.0.0' }

const measure = async (file: string, only: readonly string[]) => {
  await using server = await openTestServer(file, OPEN)
  const report = await measureCoverage(server, { only })
  const row = (event: string) => report.events.find((one) => one.event === event)
  return { report, row }
}

it('says which handler each attack met, and what it decided', async () => {
  const { report, row } = await measure('templates/owner-only.ts', ['thread.read', 'store.get'])
  expect(row('threads:read')).toMatchObject({
    handler: 'threads',
    checks: ['thread.read'],
    leaks: [],
    decisions: { allow: 0, deny: 0, failed: 0 },
    untested: null,
  })
  expect(row('threads:read')?.decisions.filter).toBeGreaterThan(0)
  expect(row('store:get')).toMatchObject({ handler: 'store', decisions: { allow: 0, filter: 0, failed: 0 } })
  expect(row('store:get')?.decisions.deny).toBeGreaterThan(0)
  expect(report.summary).toMatchObject({ events: 21, handled: 21, tested: 2, covered: 2 })
  expect(report.percent).toBe(9)
})

it('does not take planting and controls for a test', async () => {
  const { row } = await measure('templates/owner-only.ts', ['thread.read'])
  // Alice's thread was created for the check, which asked this event too.
  expect(row('threads:create')).toMatchObject({ checks: [], untested: 'no check of the suite asks it' })
})

it('shows an event without a handler, and that it leaks', async () => {
  const { report, row } = await measure('test/isolation/mistakes/forgot-a-handler.ts', ['thread.search'])
  expect(row('threads:search')).toMatchObject({ handler: null, leaks: ['thread.search'], untested: null })
  expect(row('threads:search')?.decisions.allow).toBeGreaterThan(0)
  expect(report.summary).toMatchObject({ handled: 20, covered: 0 })
  expect(report.leaks).toBeGreaterThan(0)
})

it('says why nothing was tested', async () => {
  const { report, row } = await measure('test/isolation/mistakes/never-stamps.ts', ['thread.read'])
  expect(report.stopped?.message).toMatch(/cannot read the thread/)
  expect(row('threads:read')?.untested).toBe('the suite could not begin')
  expect(report.percent).toBe(0)
})
