import type { Scene } from '../check.js'
import type { Belongings } from '../fixtures.js'
import { bodyOf, type Probe } from '../probe.js'

/**
 * A scene of names instead of ids, so that the requests of a check can be read without a server:
 * `GET /threads/{alice's thread}`.
 */
export function symbolicScene(): Scene {
  return {
    target: symbolicBelongings('alice'),
    own: symbolicBelongings('bob'),
    sender: 'bob',
    marker: '{marker}',
    runId: '{run}',
    agent: '{agent}',
    identity: { target: '{alice}', own: '{bob}', ownerKey: 'owner' },
    fresh: (name) => `{new ${name} id}`,
    secret: (slot) => `{alice's ${slot}}`,
    absent: () => '{id that nobody has}',
    place: (namespace) => ({ namespace, key: '{new key}' }),
    message: (content) => ({ messages: [{ role: 'user', content }] }),
    halt: { interrupt_before: '*' },
    origin: 'http://server',
    forged: (way) => [way],
  }
}

function symbolicBelongings(owner: 'alice' | 'bob'): Belongings {
  const of = (what: string) => `{${owner}'s ${what}}`
  return {
    owner,
    thread: { id: of('thread'), checkpoint: of('checkpoint'), secret: of('marker'), word: of('word') },
    run: { id: of('run') },
    live: { id: of('run'), thread: of('thread'), secret: of('marker') },
    bare: { id: of('bare thread') },
    assistant: { id: of('assistant'), secret: of('marker'), name: of('name') },
    cron: { id: of('cron') },
    item: { namespace: [`{${owner}}`, 'iso', of('label')], key: of('key'), secret: of('marker') },
    has: () => true,
  }
}

/** The requests that `make` builds, as they would stand on paper; nothing where it needs a real server to build them. */
export function drawn(make: ((scene: Scene) => readonly Probe[]) | undefined): string[] {
  try {
    return make?.(symbolicScene()).map(draw) ?? []
  } catch {
    return []
  }
}

/** An instant that a request computes from the clock: a page must not change with it. */
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

function draw(probe: Probe): string {
  const { method, path, headers, disguise } = probe
  const query = Object.entries(disguise?.query ?? {}).map(([name, value]) => `${name}=${worn(value)}`)
  const added = query.length === 0 ? '' : `${path.includes('?') ? '&' : '?'}${query.join('&')}`
  const body = bodyOf(probe)
  return [
    `${method} ${readable(path)}${added}`,
    ...lines(headers ?? {}, (value) => value),
    ...lines(disguise?.headers ?? {}, worn),
    ...(body === undefined || body === '' ? [] : [body.replace(MOMENT, '{a moment}')]),
  ].join('\n')
}

function lines(
  headers: Readonly<Record<string, string | readonly string[] | null>>,
  write: (value: string) => string,
): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    values === null ? [] : [values].flat().map((value) => `${name}: ${write(value)}`.trim()),
  )
}

/** A placeholder that was escaped for a URL is written out again. */
function readable(path: string): string {
  return path.replace(/%7B((?!%7B).)*?%7D/gi, decodeURIComponent)
}

/** `{alice:reversed}` is `{alice's token, reversed}`. */
function worn(template: string): string {
  return template
    .replace(/\{scheme\}/g, 'Bearer')
    .replace(/\{forged:([\w-]+)\}/g, (_, name: string) => `{forged token: ${name.replaceAll('-', ' ')}}`)
    .replace(/\{(alice|bob|carol|junk)(?::([\w-]+))?\}/g, (_, who: string, change: string | undefined) => {
      const token = who === 'junk' ? 'invented token' : `${who}'s token`
      return change === undefined ? `{${token}}` : `{${token}, ${change.replaceAll('-', ' ')}}`
    })
}
