import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { tool } from '@langchain/core/tools'
import type { LangGraphRunnableConfig } from '@langchain/langgraph'
import { z } from 'zod'

const memoriesOf = ({ configurable }: LangGraphRunnableConfig): string[] => [
  String(configurable?.['langgraph_auth_user_id']),
  'memories',
]

const remember = tool(
  async ({ text }: { text: string }, config: LangGraphRunnableConfig) => {
    await config.store?.put(memoriesOf(config), text.replaceAll(/\W+/g, '-'), { text })
    return `remembered ${text}`
  },
  { name: 'remember', description: 'Keeps a fact about the user', schema: z.object({ text: z.string() }) },
)

const recall = tool(
  async ({ query }: { query: string }, config: LangGraphRunnableConfig) => {
    const found = await config.store?.search(memoriesOf(config), { query, limit: 1 })
    return String(found?.[0]?.value['text'] ?? 'nothing')
  },
  { name: 'recall', description: 'Finds a fact about the user', schema: z.object({ query: z.string() }) },
)

const mail = tool(
  ({ to }: { to: string }) => {
    appendFileSync('outbox', `${to}\n`)
    return `mail to ${to}`
  },
  { name: 'mail', description: 'Sends a mail', schema: z.object({ to: z.string() }) },
)

const wait = tool(
  async ({ file }: { file: string }) => {
    while (!existsSync(file)) await setTimeout(20)
    return `${file} is there`
  },
  { name: 'wait', description: 'Waits for a file', schema: z.object({ file: z.string() }) },
)

export const tools = [remember, recall, mail, wait]
