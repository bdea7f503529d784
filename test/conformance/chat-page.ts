import { Client } from '@langchain/langgraph-sdk'
import { useStream } from '@langchain/langgraph-sdk/react'
import { createElement, useMemo, useState } from 'react'
import { createRoot } from 'react-dom/client'

/*
 * A page as a user of the hook writes it. Which graph, server and user it is about stands in its query. The tests reach the
 * hook through `window.chat`, which is what the last rendering got.
 */

interface State extends Record<string, unknown> {
  messages: { id?: string; type: string; content: string }[]
  seen: string[]
}

export interface Chat extends ReturnType<typeof useStream<State>> {
  /** What the latest message said at each rendering. */
  readonly texts: readonly string[]
  readonly failures: readonly string[]
  show(threadId: string | null): void
}

declare global {
  interface Window {
    chat: Chat
  }
}

const query = new URLSearchParams(location.search)
const asked = (name: string) => query.get(name) ?? ''
const texts: string[] = []
const failures: string[] = []

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
  const chat = useStream<State>({
    client,
    assistantId: asked('graph'),
    threadId,
    onThreadId: (id) => {
      setThreadId(id)
      // A page that is loaded again finds its thread.
      query.set('thread', id)
      history.replaceState(null, '', `?${query}`)
    },
    fetchStateHistory: true,
    reconnectOnMount: query.has('reconnect'),
    onError: (error) => failures.push(String(error)),
  })
  const shown = chat.messages.map(({ id, type, content }) => ({ id, type, content: String(content) }))
  const last = shown.at(-1)
  if (last?.type === 'ai' && texts.at(-1) !== last.content) texts.push(last.content)
  // The hook's own object: its parts are getters, which say what is to be streamed when they are read.
  window.chat = Object.assign(Object.create(chat), { texts, failures, show: setThreadId })
  return createElement(
    'main',
    null,
    shown.map(({ id, type, content }, index) => createElement('p', { key: id ?? index, className: type }, content)),
    createElement('output', null, chat.isLoading ? 'busy' : 'idle'),
  )
}

createRoot(document.getElementById('root') as HTMLElement).render(createElement(Page))
