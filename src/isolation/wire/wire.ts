import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { ActorName } from '../actor.js'
import type { Exchange, Method } from '../probe.js'

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

const DECODERS: Readonly<Record<string, (data: Buffer, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
}

/** The text of a body, or `undefined` where it can't be unpacked: an unknown coding, broken data, too much of it. */
export function decode(data: Buffer, encoding = '', maxBytes: number): string | undefined {
  let unpacked = data
  try {
    const codings = encoding
      .toLowerCase()
      .split(',')
      .map((coding) => coding.trim())
      .filter((coding) => !['', 'identity'].includes(coding))
    // The last one was put on last. A HEAD names a coding and has no body.
    for (const coding of data.length === 0 ? [] : codings.reverse()) {
      const decoder = DECODERS[coding.replace(/^x-/, '')]
      if (!decoder) return undefined
      unpacked = decoder(unpacked, { maxOutputLength: maxBytes })
    }
  } catch {
    return undefined
  }
  return unpacked.toString('utf8')
}

/** The body and the ending of an answer: what can't be unpacked can't be searched. */
export function unpacked(
  data: Buffer,
  encoding: string | undefined,
  maxBytes: number,
  ending: WireAnswer['ending'],
): Pick<WireAnswer, 'body' | 'ending'> {
  const body = decode(data, encoding, maxBytes)
  return { body: body ?? '', ending: body === undefined && ending === 'complete' ? 'cut' : ending }
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
