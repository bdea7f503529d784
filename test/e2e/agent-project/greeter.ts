import { Annotation, END, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph'

const State = Annotation.Root({ greeting: Annotation<string>, copies: Annotation<string[]> })

/** A graph that is made anew for each run, for the user who started it. */
export async function makeGraph({ configurable }: LangGraphRunnableConfig) {
  const user = configurable?.['langgraph_auth_user'] as { display_name?: string } | undefined
  return new StateGraph(State)
    .addNode('greet', () => ({
      greeting: `Hello ${user?.display_name}`,
      copies: (globalThis as { copiesOfLangGraph?: string[] }).copiesOfLangGraph ?? [],
    }))
    .addEdge(START, 'greet')
    .addEdge('greet', END)
}
