import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { type LangGraphRunnableConfig, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { modelFor } from './model.js'

type State = typeof MessagesAnnotation.State

/** A graph of its own, which the agent has as a node. */
export const research = new StateGraph(MessagesAnnotation)
  .addNode('outline', ({ messages }: State, config: LangGraphRunnableConfig) => {
    config.writer?.({ progress: 'outline' })
    return { messages: [new AIMessage(`Outline of "${messages.at(-1)?.text}"`)] }
  })
  .addNode('draft', async ({ messages }: State, config: LangGraphRunnableConfig) => {
    const request = new HumanMessage(String(messages.at(-1)?.content))
    return { messages: [await modelFor([request], 'Draft').invoke([request], config)] }
  })
  .addEdge(START, 'outline')
  .addEdge('outline', 'draft')
  .compile()
