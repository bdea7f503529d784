import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DevEvent } from '../../src/dev/events.js'
import type { DevServer } from '../../src/dev/start-dev.js'
import { startDev } from '../../src/dev/start-dev.js'
import { CHECKS } from '../../src/isolation/checks/index.js'
import type { IsolationEvent } from '../../src/isolation/events.js'
import { runSuite } from '../../src/isolation/runner.js'
import { applyPlan } from '../../src/scaffold/apply-plan.js'
import { planInit } from '../../src/scaffold/plan.js'
import { listTemplates } from '../../src/scaffold/templates.js'
import { NOT_OFFERED } from '../isolation/support/not-offered.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

const templates = resolve('templates')
const names = (await listTemplates(templates)).map(({ name }) => name)
const authkitEntry = AUTHKIT_ENTRY

const open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface Project {
  readonly folder: string
  readonly url: string
  readonly ready: Extract<DevEvent, { kind: 'ready' }>
}

/** A project made from a template and served, in this process. */
async function serve(template: string, { sdk = false, edit = (source: string) => source } = {}): Promise<Project> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'authkit-template-')))
  open.push(() => rmSync(folder, { recursive: true, force: true }))
  if (sdk) {
    writeFileSync(join(folder, 'package.json'), '{ "dependencies": { "@langchain/langgraph-sdk": "*" } }')
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  }
  await applyPlan(await planInit(folder, { templates, template }))
  const file = join(folder, 'auth.ts')
  writeFileSync(file, edit(readFileSync(file, 'utf8')))

  const events: DevEvent[] = []
  const server: DevServer = await startDev({
    root: folder,
    port: 0,
    database: ':memory:',
    authkitEntry,
    version: '0.0.0',
    onEvent: (event) => events.push(event),
  })
  open.push(() => server.close())
  return { folder, url: server.url, ready: events[0] as Project['ready'] }
}

async function suite(url: string): Promise<readonly IsolationEvent[]> {
  const events: IsolationEvent[] = []
  const tokens = { alice: 'user1-token', bob: 'user2-token' }
  for await (const event of runSuite({ target: new URL(url), tokens, checks: CHECKS })) events.push(event)
  return events
}

const results = (events: readonly IsolationEvent[]) =>
  events.flatMap((event) => (event.kind === 'checked' ? [event.result] : []))
const undecided = (events: readonly IsolationEvent[]) =>
  results(events)
    .map((result) => ({ key: `${result.check.id}@${result.actor}`, kind: result.verdict.kind }))
    .filter(({ key, kind }) => kind !== 'isolated' && !(kind === 'skipped' && NOT_OFFERED.test(key)))
    .map(({ key, kind }) => `${key} ${kind}`)

describe.each(names)('the template %s', (template) => {
  it.each([
    ['authkit', false],
    ['@langchain/langgraph-sdk', true],
  ])('with Auth from %s, is isolated in every check', async (_, sdk) => {
    const { url, ready } = await serve(template, { sdk })
    expect(ready.rules).toMatchObject({ kind: 'ready' })
    if (ready.rules.kind !== 'ready') return
    expect(ready.rules.coverage.filter(({ handler }) => !handler)).toEqual([])
    expect(ready.rules.tokens.map(({ token }) => token)).toEqual(expect.arrayContaining(['user1-token', 'user2-token']))

    const events = await suite(url)
    expect(undecided(events)).toEqual([])
    expect(results(events).length).toBeGreaterThan(180)
    expect(events.at(-1)).toMatchObject({ kind: 'finished', exitCode: 0 })
  })
})

describe('a template with a mistake', () => {
  it.each<[string, (source: string) => string, string]>([
    ['that forgets to stamp updates', (source) => source.replace(/ *'threads:update',\n/, ''), 'owner.thread.patch'],
  ])('%s is found out', async (_, edit, check) => {
    const { url } = await serve('owner-only', { edit })
    const leaks = results(await suite(url)).filter(({ verdict }) => verdict.kind === 'leak')
    expect(leaks.map((result) => result.check.id)).toContain(check)
  })
})
