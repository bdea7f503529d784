import { Client } from '@langchain/langgraph-sdk'
import { useExtension, useMessageMetadata, useMessages, useStream } from '@langchain/react'
import { createElement, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'

/*
 * A page as a user of `@langchain/react` writes it. Which graph, server and user it is about stands in its query. The tests
 * reach the hook through `window.agent`, which is what the last rendering got.
 */

interface State extends Record<string, unknown> {
  messages: unknown[]
  seen: string[]
}

type Stream = ReturnType<typeof useStream<State>>

export interface Agent {
  readonly stream: Stream
  /** What the latest answer said at each rendering. */
  readonly texts: readonly string[]
  readonly completed: readonly { readonly reason: string }[]
  /** What the graph wrote under the name `progress`. */
  readonly progress: unknown
  /** The checkpoint that the first message was said after. */
  readonly beforeFirst: string | undefined
  show(threadId: string | null): void
}

declare global {
  interface Window {
    agent: Agent
  }
}

const query = new URLSearchParams(location.search)
const asked = (name: string) => query.get(name) ?? ''
const texts: string[] = []
const completed: { reason: string }[] = []

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return (content as { text?: string }[]).map(({ text = '' }) => text).join('')
}

function Page() {
  const [threadId, setThreadId] = useState<string | null>(query.get('thread'))
  const client = useMemo(
    () =>
      new Client({
        apiUrl: asked('server'),
        apiKey: null as never,
        defaultHeaders: { authorization: `Bearer ${asked('user')}` },
      }),
    [],
  )
  const stream = useStream<State>({
    client: client as never,
    assistantId: asked('graph'),
    threadId,
    onThreadId: (id) => {
      setThreadId(id)
      // A page that is loaded again finds its thread.
      query.set('thread', id)
      history.replaceState(null, '', `?${query}`)
    },
    onCompleted: (end) => void completed.push(end),
  })
  const shown = stream.messages.map((message) => ({ type: message.type, text: textOf(message.content) }))
  const last = shown.at(-1)
  if (last?.type === 'ai' && texts.at(-1) !== last.text) texts.push(last.text)
  const progress = useExtension(stream as never, 'progress')
  const beforeFirst = useMessageMetadata(stream as never, stream.messages[0]?.id)?.parentCheckpointId
  window.agent = { stream, texts, completed, progress, beforeFirst, show: setThreadId }
  return createElement(
    'main',
    null,
    shown.map(({ type, text }, index) => createElement('p', { key: index, className: type }, text)),
    [...stream.subgraphs.values()].map((subgraph) =>
      createElement(Inside, { key: subgraph.id, stream, subgraph: subgraph as never }),
    ),
    createElement('output', null, stream.isLoading ? 'busy' : 'idle'),
  )
}

/** What a graph inside says, which has a subscription of its own. */
function Inside({
  stream,
  subgraph,
}: {
  stream: Stream
  subgraph: { nodeName: string; namespace: readonly string[] }
}) {
  const messages = useMessages(stream as never, subgraph as never) as readonly { content: unknown }[]
  const texts = messages.map(({ content }) => textOf(content))
  return createElement('aside', null, `${subgraph.nodeName}: ${texts.join(' / ')}`)
}

createRoot(document.getElementById('root') as HTMLElement).render(createElement(Page))
