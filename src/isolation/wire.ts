import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { ActorName } from './actor.js'
import type { Exchange, Method } from './probe.js'

/** A request as it goes over the wire, with the credential in it. */
export interface WireRequest {
  readonly actor: ActorName
  /** The check whose attack this is, for whoever counts them. It never leaves the process. */
  readonly check?: string | undefined
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string | undefined
  readonly timeoutMs: number
  /** Hangs up on a stream so long after its answer began. */
  readonly hangUpMs?: number | undefined
  /** A stream is not called silent before this has come to an end: what it waits for may be on its way. */
  readonly meanwhile?: Promise<unknown> | undefined
}

export type WireAnswer = Pick<Exchange, 'status' | 'headers' | 'body' | 'ending'>

export function flatten(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

const DECODERS: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
}

/** A body as text, whatever it was packed in. */
export function decode(data: Buffer, encoding: string | undefined): string {
  const decoder = encoding === undefined ? undefined : DECODERS[encoding]
  if (!decoder) return data.toString('utf8')
  try {
    return decoder(data).toString('utf8')
  } catch {
    return data.toString('latin1')
  }
}

export interface Silence {
  /** Something came. */
  stir(): void
  end(): void
}

/** Calls back when nothing has come for so long since it first stirred, and nothing is on its way that could bring more. */
export function createSilence(quietMs: number, meanwhile: Promise<unknown> | undefined, onSilent: () => void): Silence {
  let timer: NodeJS.Timeout | undefined
  let state: 'before' | 'listening' | 'over' = 'before'
  let busy = meanwhile !== undefined
  const wait = () => {
    clearTimeout(timer)
    if (state === 'listening' && !busy) timer = setTimeout(onSilent, quietMs)
  }
  const rest = () => {
    busy = false
    wait()
  }
  meanwhile?.then(rest, rest)
  return {
    stir() {
      if (state === 'before') state = 'listening'
      wait()
    },
    end() {
      state = 'over'
      clearTimeout(timer)
    },
  }
}
