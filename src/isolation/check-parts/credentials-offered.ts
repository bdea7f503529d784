import { newCanary } from '../canary.js'
import type { Check, Inspection } from '../check.js'
import { notOffered } from '../offers.js'
import { type Exchange, field, get, json, type Method, post, succeeded } from '../probe.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'

/** What the checks of keys, sessions, connections and spaces have in common. */
export const CREDENTIAL = {
  resource: 'credentials',
  family: 'credential',
  // What they need they make themselves, and each looks at its own.
  needs: ['thread'],
  on2xx: 'own',
  proof: 'data',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
} as const satisfies Partial<Check>

/** Why there is nothing to test: the first of these routes that the server doesn't offer. */
export function needsRoutes(...routes: readonly (readonly [Method, string])[]) {
  return async (stage: Stage): Promise<string | undefined> => {
    for (const [method, path] of routes) {
      const missing = await notOffered(stage, method, path)
      if (missing !== undefined) return missing
    }
    return undefined
  }
}

export const undecided = (reason: string): Verdict => ({ kind: 'inconclusive', reason })

export interface MadeKey {
  readonly id: string
  readonly last4: string
}

/** Alice makes an API key with a name that only she may see. Templates know it by `name`; a verdict says why not. */
export async function makeKey(
  { alice, adopt, stage }: Inspection,
  check: string,
  name: string,
): Promise<MadeKey | Verdict> {
  const canary = newCanary()
  stage.secrets.plant({ value: canary, slot: 'key.name', owner: 'alice', check, hard: true })
  const made = await alice(post('/api-keys', { name: canary, kind: 'standard', scopes: [], expires_in: 3600 }))
  const id = field(made, 'id')
  const key = field(made, 'key')
  if (!succeeded(made) || typeof id !== 'string' || typeof key !== 'string') {
    return undecided(`Alice could not make a key (${made.status})`)
  }
  adopt(name, key)
  stage.secrets.plant({ value: id, slot: 'key id', owner: 'alice', check, hard: false })
  return { id, last4: key.slice(-4) }
}

/** The rows of a list, whichever key they stand under. */
export function rowsOf(exchange: Exchange): Record<string, unknown>[] {
  const value = json(exchange)
  const lists = Array.isArray(value) ? [value] : Object.values(value ?? {}).filter(Array.isArray)
  return lists.flat().filter((row): row is Record<string, unknown> => row !== null && typeof row === 'object')
}

/** Alice's first row under a path. What is in it is hers alone. */
export async function firstOf({ alice }: Pick<Inspection, 'alice'>, path: string) {
  const listed = await alice(get(path))
  const row = rowsOf(listed).find(({ id }) => typeof id === 'string')
  return row && { listed, row, id: String(row['id']) }
}
