import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from '@langchain/langgraph-sdk'
import { describe, expect } from 'vitest'
import { createTestServer, runIsolation } from '../../src/testing/index.js'
import { ownerOnly } from '../isolation/support/world.js'
import { test } from '../project/temp-project.js'

const AUTH = `import { Auth, placeholderTokens } from 'authkit'
export const rules = new Auth().authenticate(placeholderTokens({ 'a-token': 'a', 'b-token': 'b' }))
`
const ASKS = { method: 'POST', headers: { authorization: 'Bearer user1-token', 'content-type': 'application/json' } }

describe('a server without a port', () => {
  test('is made from a file, a URL, or an Auth object', async () => {
    for (const source of ['templates/owner-only.ts', pathToFileURL(resolve('templates/owner-only.ts')), ownerOnly()]) {
      await using server = await createTestServer(source)
      expect((await server.fetch('/threads', { ...ASKS, body: '{}' })).status).toBe(200)
      expect((await server.fetch('/threads', { method: 'POST', body: '{}' })).status).toBe(401)
    }
  })

  test('answers the official client', async () => {
    await using server = await createTestServer('templates/owner-only.ts')
    const clientOf = (token: string) =>
      new Client({
        apiUrl: server.url,
        defaultHeaders: { authorization: `Bearer ${token}` },
        callerOptions: { fetch: server.fetch, maxRetries: 0 },
      })
    const { thread_id } = await clientOf('user1-token').threads.create()
    expect((await clientOf('user1-token').threads.get(thread_id)).thread_id).toBe(thread_id)
    await expect(clientOf('user2-token').threads.get(thread_id)).rejects.toThrow(/404/)
  })

  test('is the project that langgraph.json describes', async ({ project }) => {
    await project.write({ 'src/rules.ts': AUTH, 'langgraph.json': '{ "auth": { "path": "./src/rules.ts:rules" } }' })
    const headers = { ...ASKS.headers, authorization: 'Bearer a-token' }
    for (const source of [
      project.root,
      join(project.root, 'langgraph.json'),
      join(project.root, 'src/rules.ts:rules'),
    ]) {
      await using server = await createTestServer(source)
      expect((await server.fetch('/threads', { ...ASKS, headers, body: '{}' })).status).toBe(200)
    }
  })

  test('is refused where auth.ts does not load', async ({ project }) => {
    await writeFile(join(project.root, 'auth.ts'), 'export const auth = {')
    await expect(createTestServer(join(project.root, 'auth.ts'))).rejects.toMatchObject({ code: 'auth_file_broken' })
    await expect(createTestServer(join(project.root, 'none.ts'))).rejects.toMatchObject({ code: 'auth_file_not_found' })
  })

  test('is played by its own users, and reported whole', async () => {
    await using server = await createTestServer('test/isolation/mistakes/forgot-a-handler.ts')
    const report = await runIsolation(server, { only: ['thread.search', 'thread.read'] })
    expect(report).toMatchObject({ schema: 1, exitCode: 1, causes: [{ id: 'no-handler', events: ['threads:search'] }] })
    expect(report.checks.map(({ id, actor, verdict }) => `${id}@${actor} ${verdict}`)).toEqual([
      'thread.read@bob isolated',
      'thread.read@nobody isolated',
      'thread.search@bob leak',
      'thread.search@nobody isolated',
    ])
  })
})
