import { AIMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'

/** The built-in graph. It answers with the last message and the user it runs as, so what a graph is told can be seen. */
export const agent = new StateGraph(MessagesAnnotation)
  .addNode('agent', (state: typeof MessagesAnnotation.State, config: RunnableConfig) => {
    const last = state.messages.at(-1)
    const user = config.configurable?.['langgraph_auth_user_id'] ?? 'nobody'
    return { messages: [new AIMessage(`${user} said: ${last?.text ?? ''}`)] }
  })
  .addEdge(START, 'agent')
  .addEdge('agent', END)
  .compile()
