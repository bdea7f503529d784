import { describe, expect, it } from 'vitest'
import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'
import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import { namesOnly, ownerOnly } from '../support/auth.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const run = (assistant_id: string) => ({ assistant_id, input: { text: 'hi' } })
const evil = { configurable: { other: 'bob was here' } }

interface Shown {
  readonly seen: readonly { readonly other?: string }[]
}

describe('the assistant of a graph', () => {
  it("is the server's, even where somebody took its id before there was such a graph", async () => {
    const graphs: Record<string, GraphSource> = { agent: testGraphs['agent'] as GraphSource }
    const server = await serve({ auth: ownerOnly(), graphs })
    const [alice, bob] = [server.as('alice'), server.as('bob')]
    const id = systemAssistantId('echo')
    expect((await bob.post('/assistants', { assistant_id: id, graph_id: 'agent', config: evil })).status).toBe(200)

    graphs['echo'] = testGraphs['echo'] as GraphSource
    const before = await alice.post('/runs/wait', run('echo'))
    expect(before.json<Shown>().seen[0]?.other).toBeUndefined()
    await server.runtime.ensureAssistants()
    expect((await bob.call('PATCH', `/assistants/${id}`, { config: evil })).status).toBe(404)
    expect((await bob.call('DELETE', `/assistants/${id}`)).status).toBe(404)
    const after = await alice.post('/runs/wait', run(id))
    expect(after.json<Shown>().seen[0]?.other).toBeUndefined()
  })

  it.each([
    ['PATCH', '', { config: evil }],
    ['DELETE', '', undefined],
    ['POST', '/latest', { version: 1 }],
  ])('can be changed by nobody, not even where no handler asks: %s%s', async (method, path, body) => {
    const server = await serve({ auth: namesOnly(), graphs: testGraphs })
    const [alice, bob] = [server.as('alice'), server.as('bob')]
    const id = systemAssistantId('echo')
    const before = (await alice.get(`/assistants/${id}`)).text
    expect((await bob.call(method, `/assistants/${id}${path}`, body)).status).toBe(403)
    expect((await alice.get(`/assistants/${id}`)).text).toBe(before)
    expect((await alice.post('/runs/wait', run('echo'))).json<Shown>().seen[0]?.other).toBeUndefined()
  })
})
