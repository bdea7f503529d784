import type { Client } from '@langchain/langgraph-sdk'
import type * as z from 'zod'

/** Who plays a row: a user of its own, so that no row sees what another left behind. */
export interface World {
  readonly client: Client
  readonly user: string
  /** A client of somebody else. */
  readonly stranger: Client
}

/** One call of the official client: how it is made and what must come back. */
export interface Call<Given = unknown, Answer = unknown> {
  /** The method as the client spells it; after a colon, what is special about this call of it. */
  readonly name: string
  /** Where only the newer client can make this call. */
  readonly only?: '1.15.0'
  /** It is about what is whose. This server is held to its rules; the comparison is about the API. */
  readonly here?: true
  /** What has to be there first, made through the client. */
  arrange?(world: World): Promise<Given>
  call(world: World, given: Given): Promise<Answer>
  /** The documented answer. Where the server refuses, the answer is `{ refused: { status, body } }`. */
  readonly answer: z.ZodType
  /** What must be true of the answer beyond its shape. */
  holds?(answer: Answer, given: Given, world: World): void | Promise<void>
}

/** Keeps the types of one row together while it is written; the table needs them no longer. */
export function call<Given, Answer>(row: Call<Given, Answer>): Call {
  return row as unknown as Call
}

export function methodOf({ name }: { readonly name: string }): string {
  return name.split(':')[0] as string
}

/** A request that the client made for a call, and what the answer's head said. */
export interface Exchange {
  readonly request: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** What came of a row: the answer, and the exchanges behind it. */
export interface Played {
  readonly answer: unknown
  readonly exchanges: readonly Exchange[]
}

export type ClientFor = (user: string, fetch: typeof globalThis.fetch) => Client

/** The headers that clients act on. */
const HEADERS = ['content-type', 'content-location', 'location', 'x-pagination-total', 'x-pagination-next']

/** Plays a row as a user of that name: arranges, calls, and hands back what came. It checks nothing. */
export async function play(
  row: Call,
  clientFor: ClientFor,
  user: string,
): Promise<Played & { given: unknown; world: World }> {
  const exchanges: Exchange[] = []
  let recording = false
  async function recorded(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const response = await fetch(input, init)
    if (recording) {
      const { pathname, search } = new URL(String(input))
      exchanges.push({
        request: `${init?.method ?? 'GET'} ${pathname}${search}`,
        status: response.status,
        headers: Object.fromEntries(HEADERS.flatMap((name) => pair(name, response.headers.get(name)))),
      })
    }
    return response
  }
  const world: World = { client: clientFor(user, recorded), stranger: clientFor(`${user}x`, fetch), user }
  const given = await row.arrange?.(world)
  recording = true
  const answer = await row.call(world, given).catch(refusal)
  recording = false
  return { answer, exchanges, given, world }
}

function pair(name: string, value: string | null): [string, string][] {
  return value === null ? [] : [[name, value]]
}

/** What the client throws for a status that is no success, as an answer. Any other error is one. */
function refusal(error: unknown): unknown {
  if (!(error instanceof Error)) throw error
  if (!('status' in error && 'text' in error)) return { raised: error.message }
  return { refused: { status: error.status, body: parsed(String(error.text)) } }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
