import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Cause, CauseId } from '../../src/isolation/diagnosis.js'
import { runSuite } from '../../src/isolation/runner.js'
import { createFetchTransport } from '../../src/isolation/wire/fetch-transport.js'
import { openTestServer } from '../../src/testing/open-test-server.js'
import { suiteOptionsFor } from '../../src/testing/run-suite.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

interface Found {
  /** The ids of the checks that leaked. */
  readonly red: readonly string[]
  readonly causes: readonly Cause[]
  readonly stop: string | undefined
}

async function play(file: string): Promise<Found> {
  await using server = await openTestServer(file, {
    authkitEntry: AUTHKIT_ENTRY,
    version: '0.0.0',
  })
  const transport = createFetchTransport((request) => server.fetch(request), { quietMs: 150 })
  const red = new Set<string>()
  for await (const event of runSuite({ ...suiteOptionsFor(server, {}), transport, seed: 7 })) {
    if (event.kind === 'checked' && event.result.verdict.kind === 'leak') red.add(event.result.check.id)
    if (event.kind === 'finished') return { red: [...red], causes: event.causes, stop: event.stop?.id }
  }
  throw new Error('The run has no end.')
}

interface Mistake {
  readonly cause: CauseId
  /** A word of the cause: the event, the resource, the key. */
  readonly says: string
  /** Checks that must go red. None where nobody finds what they made, so that the suite can't begin. */
  readonly red: readonly string[]
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'filters-another-key': { cause: 'other-key', says: 'metadata.owner', red: [] },
  'filters-another-key-of-assistants': { cause: 'other-key', says: 'assistants', red: [] },
  'forgot-a-handler': { cause: 'no-handler', says: 'threads:search', red: ['thread.search', 'thread.count'] },
  'forgot-assistants': { cause: 'no-handler', says: 'assistants', red: ['assistant.read', 'assistant.delete'] },
  'forgot-create-run': { cause: 'no-handler', says: 'threads:create_run', red: ['run.create', 'owner.run.create'] },
  'forgot-list-namespaces': { cause: 'no-handler', says: 'store:list_namespaces', red: ['store.namespaces'] },
  'forgot-the-store': { cause: 'no-store-handler', says: 'store', red: ['store.get', 'store.put', 'store.delete'] },
  'namespace-if-given': { cause: 'namespace-if-given', says: 'value.namespace', red: ['store.namespaces'] },
  'never-stamps': { cause: 'not-stamped', says: 'threads:create', red: [] },
  'no-handlers': { cause: 'no-handler', says: 'threads', red: ['thread.read', 'assistant.read', 'store.get'] },
  'only-create-is-stamped': {
    cause: 'only-create-stamped',
    says: 'threads:update',
    red: ['owner.thread.patch', 'owner.run.create'],
  },
  'prefix-tokens': { cause: 'loose-tokens', says: 'beginning', red: ['boundary.near-miss'] },
  'returns-nothing': { cause: 'no-filter', says: 'threads', red: ['thread.read', 'thread.delete', 'run.wait'] },
  'store-by-owner': { cause: 'store-by-owner', says: 'store', red: [] },
  'trusts-metadata-owner': { cause: 'trusted-owner', says: 'threads:create', red: ['owner.thread.create'] },
  'undefined-identity': { cause: 'unknown-tokens', says: 'undefined', red: ['boundary.junk-token'] },
  'wrong-property': { cause: 'undefined-identity', says: 'user.identity', red: [] },
}

const names = (folder: string) => readdirSync(folder).map((file) => file.replace(/\.ts$/, ''))

describe('a mistake of an author', { timeout: 120_000 }, () => {
  it('has an expectation', () => {
    expect(Object.keys(MISTAKES).toSorted()).toEqual(names('test/isolation/mistakes').toSorted())
  })

  it.each(Object.entries(MISTAKES))('%s is found, and named first', async (name, { cause, says, red }) => {
    const found = await play(`test/isolation/mistakes/${name}.ts`)
    expect(found.red).toEqual(expect.arrayContaining([...red]))
    expect(found.causes[0]).toMatchObject({ id: cause, sentence: expect.stringContaining(says) })
    expect(found.causes[0]?.repair).toMatch(/\.on\(|HTTPException/)
    if (red.length > 0) expect(found.causes[0]?.checks.length).toBeGreaterThan(0)
  })
})

describe('an auth.ts without a mistake', { timeout: 120_000 }, () => {
  it.each(names('templates'))('%s: nothing is suspected', async (name) => {
    expect(await play(`templates/${name}.ts`)).toEqual({ red: [], causes: [], stop: undefined })
  })
})
