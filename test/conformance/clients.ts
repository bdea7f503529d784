import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import type { ClientFor } from './call.js'

export const VERSIONS = ['1.15.0', '2.0.0'] as const
export type Version = (typeof VERSIONS)[number]

const CLIENTS = { '1.15.0': Client1, '2.0.0': Client2 as unknown as typeof Client1 }

/** Clients of one release for one server. They try once: a refusal is an answer, and it is wanted as it came. */
export function clientsOf(version: Version, apiUrl: string): ClientFor {
  return (user, fetch) =>
    new CLIENTS[version]({
      apiUrl,
      apiKey: null as never,
      defaultHeaders: { authorization: `Bearer ${user}` },
      callerOptions: { maxRetries: 0, fetch },
    })
}

/** What a release can do: `threads.create` and the like, read from the client itself. */
export function methodsOf(version: Version): string[] {
  const client = new CLIENTS[version]({ apiUrl: 'http://127.0.0.1' })
  return Object.entries(client)
    .filter(([name, part]) => !name.startsWith('~') && typeof part === 'object')
    .flatMap(([name, part]) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(part))
        .filter((method) => method !== 'constructor')
        .map((method) => `${name}.${method}`),
    )
    .sort()
}
