import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@langchain/langgraph-sdk'
import { describe, expect, it } from 'vitest'
import { inTempFolder, run, serve } from './processes.js'

const client = (apiUrl: string, token: string) =>
  new Client({
    apiUrl,
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${token}` },
    callerOptions: { maxRetries: 0 },
  })

describe('the first five minutes', () => {
  it(
    'init, dev, test-isolation; then a mistake, its leak, and its repair',
    () =>
      inTempFolder(async (folder) => {
        expect(await run(folder, 'init', '--yes')).toMatchObject({ code: 0, stderr: '' })
        const server = await serve(folder)
        try {
          expect(server.output()).toContain('21 of 21 events handled')
          expect(server.output()).toContain('user1-token')
          const good = await run(folder, 'test-isolation', '--url', server.url)
          expect(good, good.stdout).toMatchObject({ code: 0 })

          // The mistake of the issue: the handler of the store is forgotten.
          const file = join(folder, 'auth.ts')
          const source = readFileSync(file, 'utf8')
          const forgotten = source
            .replaceAll(/\.on\('store'[\s\S]*?\n {2}\}\)/g, '')
            .replaceAll(/\.on\('\*'[^\n]*\n/g, '\n')
          expect(forgotten).not.toBe(source)
          writeFileSync(file, forgotten)
          await server.printed(/UNPROTECTED: .*store:put store:get store:search store:list_namespaces store:delete/)

          const leaking = await run(folder, 'test-isolation', '--url', server.url, '--json')
          expect(leaking.code, leaking.stdout).toBe(1)
          const report = JSON.parse(leaking.stdout) as { checks: { id: string; verdict: string }[] }
          const leaks = report.checks.filter(({ verdict }) => verdict === 'leak').map(({ id }) => id)
          expect(leaks.length).toBeGreaterThan(2)
          expect(
            leaks.every((id) => id.startsWith('store.')),
            leaks.join(),
          ).toBe(true)
          expect(leaking.stdout).not.toContain('user1-token')
          expect(leaking.stdout).not.toContain('user2-token')

          writeFileSync(file, source)
          await server.printed(/reloaded auth\.ts in \d+ ms\n.*\n?.*UNPROTECTED[\s\S]*reloaded auth\.ts/)
          expect((await run(folder, 'test-isolation', '--url', server.url)).code).toBe(0)
        } finally {
          expect(await server.stop()).toBe(0)
        }
      }),
    120_000,
  )

  it(
    'the script of the LangGraph tutorial',
    () =>
      inTempFolder(async (folder) => {
        await run(folder, 'init', '--yes')
        const server = await serve(folder)
        try {
          const [alice, bob] = [client(server.url, 'user1-token'), client(server.url, 'user2-token')]
          const assistant = await alice.assistants.create({ graphId: 'agent' })
          const thread = await alice.threads.create()
          const state = (await alice.runs.wait(thread.thread_id, assistant.assistant_id, {
            input: { messages: [{ role: 'user', content: 'Hi' }] },
          })) as { messages: { content: string }[] }
          expect(state.messages.map(({ content }) => content)).toEqual(['Hi', 'user1 said: Hi'])

          await expect(bob.threads.get(thread.thread_id)).rejects.toMatchObject({ status: 404 })
          const intrusion = bob.runs.wait(thread.thread_id, 'agent', { input: { messages: [] } })
          await expect(intrusion).rejects.toMatchObject({ status: 404 })
          await expect(bob.assistants.get(assistant.assistant_id)).rejects.toMatchObject({ status: 404 })

          const mine = await bob.threads.create()
          await bob.runs.wait(mine.thread_id, 'agent', { input: { messages: [{ role: 'user', content: 'Hi' }] } })
          const [seenByAlice, seenByBob] = await Promise.all([alice.threads.search(), bob.threads.search()])
          expect(seenByAlice.map(({ thread_id }) => thread_id)).toEqual([thread.thread_id])
          expect(seenByBob.map(({ thread_id }) => thread_id)).toEqual([mine.thread_id])

          const nobody = new Client({ apiUrl: server.url, apiKey: null, callerOptions: { maxRetries: 0 } })
          await expect(nobody.threads.search()).rejects.toMatchObject({ status: 401 })
        } finally {
          await server.stop()
        }
      }),
    60_000,
  )
})
