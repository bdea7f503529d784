import type { ActorName, Credentials } from './actor.js'
import type { PlantedSecret } from './canary.js'
import type { Severity } from './check.js'
import { curlLine } from './curl.js'
import { type Exchange, frames, isStream, json, type Probe, routeOf } from './probe.js'
import { createRedact } from './redact.js'

/** One proof of a leak: what was seen, where, and the line that repeats it. Never a token, never a stranger's data. */
export interface Evidence {
  /** What leaked: `thread.metadata`, `thread id`, `after-check`. */
  readonly slot: string
  /** Where it proves less than the check may. */
  readonly severity?: Severity
  /** Where it stood in the answer: `metadata.secret`, `header location`, `frame values: messages[0].content`. */
  readonly where: string
  /** At most 80 characters; everything that this run did not plant is masked. */
  readonly excerpt: string
  readonly actor: ActorName
  readonly route: string
  readonly status: number
  readonly curl: string
}

/** Makes evidence; it knows the target and how to write credentials without showing them. */
export interface EvidenceMaker {
  /** A canary or an id was seen. */
  seen(exchange: Exchange, secret: PlantedSecret): Evidence
  /** Something else that proves the leak, in words. */
  stated(exchange: Exchange, slot: string, excerpt: string, severity?: Severity): Evidence
  curl(actor: ActorName, probe: Probe): string
}

export function createEvidenceMaker({ target, credentials }: { target: URL; credentials: Credentials }): EvidenceMaker {
  const redact = createRedact(credentials)
  const curl = (actor: ActorName, probe: Probe) => curlLine({ target, credentials, actor, probe })
  const stated = (exchange: Exchange, slot: string, excerpt: string, where = 'answer'): Evidence => ({
    slot,
    where,
    // Before it is cut: of half a token nothing is known.
    excerpt: redact(excerpt).slice(0, 160),
    actor: exchange.actor,
    route: routeOf(exchange.probe),
    status: exchange.status,
    curl: curl(exchange.actor, exchange.probe),
  })
  return {
    seen(exchange, secret) {
      const { where, excerpt } = locate(exchange, secret.value)
      return stated(exchange, secret.slot, excerpt, where)
    },
    stated: (exchange, slot, excerpt, severity) => ({
      ...stated(exchange, slot, excerpt),
      ...(severity ? { severity } : {}),
    }),
    curl,
  }
}

function locate(exchange: Exchange, value: string): { where: string; excerpt: string } {
  if (isStream(exchange)) {
    for (const { event, data } of frames(exchange)) {
      if (!data.toLowerCase().includes(value)) continue
      const place = findInJson(parsed(data), value, '')
      return { where: `frame ${event}${place ? `: ${place.path}` : ''}`, excerpt: mask(place?.text ?? data, value) }
    }
  }
  const place = findInJson(json(exchange), value, '')
  if (place) return { where: place.path || 'body', excerpt: mask(place.text, value) }
  const header = Object.entries(exchange.headers).find(([, text]) => text.toLowerCase().includes(value))
  if (header) return { where: `header ${header[0]}`, excerpt: mask(header[1], value) }
  return { where: 'body', excerpt: mask(exchange.body, value) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function findInJson(value: unknown, wanted: string, path: string): { path: string; text: string } | undefined {
  if (typeof value === 'string') return value.toLowerCase().includes(wanted) ? { path, text: value } : undefined
  if (value === null || typeof value !== 'object') return undefined
  for (const [key, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    if (key.toLowerCase().includes(wanted)) return { path: path || 'body', text: key }
    const found = findInJson(inner, wanted, step)
    if (found) return found
  }
  return undefined
}

/** The found value with the length of what stood around it. */
function mask(text: string, value: string): string {
  const at = text.toLowerCase().indexOf(value)
  if (at < 0) return `"${value}" (encoded)`
  const around = (length: number) => (length === 0 ? '' : `…${length}…`)
  return `"${around(at)}${value}${around(text.length - at - value.length)}"`
}
