import { Client } from '@langchain/langgraph-sdk'
import { describe, expect, it } from 'vitest'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'
import { protocolGraphs } from './protocol-graphs.js'

// The official client over the second protocol: `client.threads.stream()`.

const server = await serve({ graphs: { ...testGraphs, ...protocolGraphs } })

function clientOf(user: string) {
  return new Client({
    apiUrl: server.url,
    apiKey: null as never,
    defaultHeaders: { authorization: `Bearer ${user}` },
    callerOptions: { maxRetries: 0 },
  })
}

const client = clientOf('alice')
const question = { messages: [{ type: 'human', content: 'weather?', id: 'q' }] }

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('client.threads.stream', () => {
  it('makes the thread with the first run, and hands out its states and its result', async () => {
    const thread = client.threads.stream({ assistantId: 'steps' })
    const states = collected(thread.values)
    const { run_id } = await thread.run.start({ input: { text: 'go' } })
    expect((await states).map((state) => (state as { seen: unknown[] }).seen.length)).toEqual([0, 1, 2, 3])
    expect(await thread.output).toEqual({ seen: ['a', 'b', 'c'], text: 'go' })
    expect((await client.runs.get(thread.threadId, run_id as string)).status).toBe('success')
    await thread.close()
  })

  it('hands out messages as they are written, with the calls of tools and what they cost', async () => {
    const thread = client.threads.stream({ assistantId: 'agent' })
    const { messages, toolCalls } = thread
    await thread.run.start({ input: question })
    const written: { text: string[]; node: string | undefined; calls: unknown; usage: unknown }[] = []
    for await (const message of messages) {
      written.push({
        text: await collected(message.text),
        node: message.node,
        calls: await message.toolCalls,
        usage: await message.usage,
      })
    }
    const call = { type: 'tool_call', id: 'call-1', name: 'weather', args: { city: 'Oslo' } }
    expect(written).toEqual([
      {
        text: ['Let me see. '],
        node: 'model',
        calls: [call],
        usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
      },
      { text: ['It is ', 'sunny in Oslo'], node: 'model', calls: [], usage: undefined },
    ])
    const [used] = await collected(toolCalls)
    expect([used?.name, used?.input, await used?.output]).toEqual(['weather', { city: 'Oslo' }, 'sunny in Oslo'])
    expect(used?.namespace).toEqual([expect.stringMatching(/^tools:/)])
    await thread.close()
  })

  it('hands out messages while the run goes on', async () => {
    const thread = client.threads.stream({ assistantId: 'agent' })
    const { messages } = thread
    const { run_id } = await thread.run.start({ input: question })
    for await (const message of messages) {
      for await (const text of message.text) {
        expect(text).toBe('Let me see. ')
        expect((await client.runs.get(thread.threadId, run_id as string)).status).toBe('running')
        break
      }
      break
    }
    await thread.close()
  })

  it('stops at an interrupt, and goes on with the answer', async () => {
    const thread = client.threads.stream({ assistantId: 'twice' })
    await thread.run.start({ input: {} })
    for (const asked of ['first?', 'second?']) {
      for await (const event of await thread.subscribe(['input', 'lifecycle'])) {
        if (event.method === 'lifecycle' && thread.interrupts.length > 0) break
      }
      const [interrupt] = thread.interrupts
      expect(interrupt).toMatchObject({ payload: asked, namespace: [] })
      await thread.input.respond({ namespace: [], interrupt_id: interrupt?.interruptId as string, response: 'ok' })
    }
    await thread.output
    const { values } = (await thread.state.get({ namespace: [] })) as { values: unknown }
    expect(values).toEqual({ seen: ['first ok', 'second ok'] })
    await thread.close()
  })

  it('says in the words of the protocol what it refuses', async () => {
    const thread = client.threads.stream({ assistantId: 'steps' })
    await thread.run.start({ input: {} })
    await thread.output
    const answer = thread.input.respond({ namespace: [], interrupt_id: 'none', response: 'x' })
    await expect(answer).rejects.toMatchObject({ name: 'ProtocolError', code: 'no_such_interrupt' })
    await expect(thread.agent.getTree()).rejects.toMatchObject({ name: 'ProtocolError', code: 'not_supported' })
    await thread.close()
  })

  it('finds the graphs inside, and what they say', async () => {
    const thread = client.threads.stream({ assistantId: 'team' })
    const { subgraphs } = thread
    await thread.run.start({ input: question })
    for await (const inside of subgraphs) {
      expect([inside.name, inside.namespace.length]).toEqual(['member', 1])
      const texts: string[] = []
      for await (const message of inside.messages) texts.push(await message.text)
      expect(texts).toEqual(['inside'])
      break
    }
    await thread.close()
  })

  it('hands out what a graph writes, by its name', async () => {
    const thread = client.threads.stream({ assistantId: 'writer' })
    const { progress } = thread.extensions
    const all = await Promise.all([thread.run.start({ input: {} }), collected(await thread.subscribe('custom'))])
    expect(await progress).toEqual({ done: 1 })
    expect(all[1].map(({ params }) => params.data)).toEqual([
      { name: 'progress', payload: { done: 1 } },
      { payload: 'plain' },
      { name: 'other', payload: 2 },
    ])
    await thread.close()
  })

  it('tells a late subscriber everything', async () => {
    const thread = client.threads.stream({ assistantId: 'agent' })
    await thread.run.start({ input: question })
    await thread.output
    const texts: string[] = []
    for await (const message of thread.messages) {
      texts.push(await message.text)
      if (texts.length === 2) break
    }
    expect(texts).toEqual(['Let me see. ', 'It is sunny in Oslo'])
    await thread.close()
  })

  it('comes back when the connection breaks, and tells nothing twice', async () => {
    let broken = 0
    const flaky: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).endsWith('/stream/events') || broken >= 3 || !response.body) return response
      broken++
      return new Response(cutAfter(response.body, 2), { status: 200, headers: response.headers })
    }
    const seen: string[] = []
    const thread = client.threads.stream({ assistantId: 'agent', fetch: flaky, reconnectDelayMs: () => 5 })
    thread.onEvent(({ event_id }) => void seen.push(String(event_id)))
    const { messages } = thread
    await thread.run.start({ input: question })
    const texts: string[] = []
    for await (const message of messages) texts.push((await collected(message.text)).join('|'))
    expect(texts).toEqual(['Let me see. ', 'It is |sunny in Oslo'])
    expect(broken).toBe(3)
    expect(new Set(seen).size).toBe(seen.length)
    await thread.close()
  })

  it('runs one after the other on one thread', async () => {
    const thread = client.threads.stream({ assistantId: 'steps' })
    await thread.run.start({ input: { text: 'one' } })
    await thread.output
    const { run_id } = await thread.run.start({ input: { text: 'two' } })
    await client.runs.join(thread.threadId, run_id as string)
    expect((await client.threads.getState(thread.threadId)).values).toEqual({
      seen: ['a', 'b', 'c', 'a', 'b', 'c'],
      text: 'two',
    })
    await thread.close()
  })

  it("gets nothing of somebody else's thread", async () => {
    const mine = client.threads.stream({ assistantId: 'steps' })
    await mine.run.start({ input: { text: 'secret' } })
    await mine.output
    const theirs = clientOf('bob').threads.stream(mine.threadId, { assistantId: 'steps', maxReconnectAttempts: 0 })
    await expect(theirs.subscribe('values')).rejects.toMatchObject({ status: 404 })
    await expect(theirs.run.start({ input: {} })).rejects.toMatchObject({ status: 404 })
    await expect(theirs.state.get({ namespace: [] })).rejects.toMatchObject({ status: 404 })
    await theirs.close()
    await mine.close()
  })
})

/** The beginning of a stream: so many chunks of it, then it breaks off. */
function cutAfter(body: ReadableStream<Uint8Array>, chunks: number): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let left = chunks
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read()
      if (done || left-- === 0) {
        await reader.cancel()
        controller.error(new Error('The connection broke.'))
      } else controller.enqueue(value)
    },
  })
}
