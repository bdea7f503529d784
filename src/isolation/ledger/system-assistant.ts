import { v5 as uuidv5 } from 'uuid'

/** Under it, every LangGraph server derives the id of a graph's own assistant from the name of the graph. */
const NAMESPACE = '6ba7b821-9dad-11d1-80b4-00c04fd430c8'

/** The id of the assistant that everybody shares, which servers make for each graph. */
export function systemAssistantId(graph: string): string {
  return uuidv5(graph, NAMESPACE)
}
