import type { RunnableConfig } from '@langchain/core/runnables'
import type { Command } from '@langchain/langgraph'
import type { Json } from '../../storage/storage.js'
import { toCommand } from '../graphs/command.js'
import type { Graph } from '../graphs/load-graph.js'
import type { StreamMode } from '../graphs/stream-modes.js'
import type { RunPlan } from './execute.js'

/** One thing that a graph told: a mode of LangGraph's, or `events`. */
interface Part {
  readonly namespace: readonly string[]
  readonly mode: string
  readonly data: unknown
}

/** Runs a graph, and tells what it says as it says it. */
export async function* partsOf(graph: Graph, plan: RunPlan, config: RunnableConfig): AsyncGenerator<Part> {
  const options = {
    ...config,
    runId: plan.run.run_id,
    streamMode: modesOf(plan.streamModes),
    subgraphs: plan.subgraphs,
    ...(plan.context ? { context: plan.context } : {}),
    ...(plan.interruptBefore ? { interruptBefore: nodes(plan.interruptBefore) } : {}),
    ...(plan.interruptAfter ? { interruptAfter: nodes(plan.interruptAfter) } : {}),
    ...(plan.durability ? { durability: plan.durability } : {}),
  }
  const input = inputFor(plan)
  if (!plan.streamModes.includes('events')) {
    for await (const part of await graph.stream(input, options)) yield partOf(part)
    return
  }
  // LangChain's events hold what the other modes tell as chunks of the graph itself.
  for await (const event of graph.streamEvents(input, { ...options, version: 'v2' })) {
    if (event.tags?.includes('langsmith:hidden')) continue
    if (event.event === 'on_chain_stream' && event.run_id === plan.run.run_id) {
      if (plan.streamModes.length > 1) yield partOf(event.data.chunk)
    } else yield { namespace: [], mode: 'events', data: event }
  }
}

function partOf(part: unknown): Part {
  const parts = part as [string, unknown] | [string[], string, unknown]
  const [namespace, mode, data] = parts.length === 3 ? parts : [[], ...parts]
  return { namespace, mode, data }
}

/** The modes that LangGraph is asked for. */
function modesOf(modes: readonly StreamMode[]) {
  const asked = modes.filter((mode) => mode !== 'events')
  const names = asked.map((mode) => (mode === 'messages-tuple' ? 'messages' : mode))
  // `messages` also tells when a message is complete, and that is when it is in the state.
  const needed = names.length === 0 || modes.includes('messages') ? [...names, 'values' as const] : names
  return [...new Set(needed)]
}

function inputFor({ input, command }: RunPlan): Json | Command | null {
  return command ? toCommand(command) : ((input ?? null) as Json | null)
}

function nodes(names: '*' | readonly string[]): '*' | string[] {
  return names === '*' ? '*' : [...names]
}
