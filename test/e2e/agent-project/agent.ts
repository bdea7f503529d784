/** An agent as people write them: a model, tools, a step that asks a person, a graph within the graph, a memory. */
import { AIMessage, ToolMessage } from '@langchain/core/messages'
import {
  Command,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { ToolNode } from '@langchain/langgraph/prebuilt'
import { modelFor } from './model.js'
import { research } from './research.js'
import { tools } from './tools.js'

const EDITION = 'first edition'

type State = typeof MessagesAnnotation.State

async function think({ messages }: State, config: LangGraphRunnableConfig) {
  const speaker = `${process.env['AGENT_NAME']} (${EDITION}) to ${config.configurable?.['langgraph_auth_user_id']}`
  return { messages: [await modelFor(messages, speaker).invoke(messages, config)] }
}

/** Mail is sent only once a person has said so. */
function approve({ messages }: State) {
  const last = messages.at(-1)
  const call = last instanceof AIMessage ? last.tool_calls?.find(({ name }) => name === 'mail') : undefined
  if (!call) return new Command({ goto: 'tools' })
  const answer = interrupt({ question: `Send mail to ${call.args['to']}?` }) as { approved: boolean }
  if (answer.approved) return new Command({ goto: 'tools' })
  const refused = new ToolMessage({ content: 'it was refused', tool_call_id: String(call.id) })
  return new Command({ goto: 'think', update: { messages: [refused] } })
}

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('think', think)
  .addNode('approve', approve, { ends: ['tools', 'think'] })
  .addNode('tools', new ToolNode(tools))
  .addNode('research', research)
  .addConditionalEdges(START, ({ messages }) => (messages.at(-1)?.text.startsWith('report') ? 'research' : 'think'), [
    'research',
    'think',
  ])
  .addConditionalEdges(
    'think',
    ({ messages }) => {
      const last = messages.at(-1)
      return last instanceof AIMessage && last.tool_calls?.length ? 'approve' : END
    },
    ['approve', END],
  )
  .addEdge('tools', 'think')
  .addEdge('research', END)
  .compile()
