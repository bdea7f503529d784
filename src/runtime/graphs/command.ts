import { Command, Send } from '@langchain/langgraph'

/** A command as clients send it. */
export interface CommandRequest {
  readonly resume?: unknown
  readonly update?: unknown
  /** Names of nodes, or `{ node, input }`; one or several. */
  readonly goto?: unknown
}

/** The command as LangGraph takes it. Null means absent, but for `resume`: null may be an answer. */
export function toCommand({ resume, update, goto }: CommandRequest): Command {
  return new Command({
    ...(resume === undefined ? {} : { resume }),
    ...(update === undefined || update === null ? {} : { update: update as Record<string, unknown> }),
    ...(goto === undefined || goto === null ? {} : { goto: Array.isArray(goto) ? goto.map(target) : target(goto) }),
  })
}

function target(goto: unknown): string | Send {
  if (typeof goto === 'string') return goto
  const { node, input } = goto as { node: string; input: unknown }
  return new Send(node, input)
}
