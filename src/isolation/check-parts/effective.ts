import type { Inspection } from '../check.js'
import type { Evidence } from '../evidence.js'
import { type Exchange, field, succeeded } from '../probe.js'
import type { Verdict } from '../verdict.js'

const AUTH_KEYS = ['langgraph_auth_user_id', 'langgraph_auth_user']

/** What a graph is told about its run, as the record of the run shows it. */
function configurableOf(run: Exchange): Readonly<Record<string, unknown>> | undefined {
  const found = field(run, 'kwargs', 'config', 'configurable')
  return found !== null && typeof found === 'object' ? (found as Record<string, unknown>) : undefined
}

/**
 * Evidence that runs are somebody's whom they only name, under the keys of the server itself or under `keys`; a reason to
 * skip where the server does not show as whom a run runs.
 */
export function ranAs(
  { stated }: Pick<Inspection, 'stated'>,
  runs: readonly Exchange[],
  somebody: { readonly identity: string; readonly who: string },
  keys: readonly string[] = [],
): Evidence[] | Verdict {
  const made = runs.filter(succeeded)
  const shown = made.filter((run) => configurableOf(run) !== undefined)
  if (made.length > 0 && shown.length === 0) {
    return { kind: 'skipped', reason: 'the server does not show as whom a run runs' }
  }
  return shown.flatMap((run) => {
    const configurable = configurableOf(run) ?? {}
    const taken = [...AUTH_KEYS, ...keys].filter((key) => nameIn(configurable[key]) === somebody.identity)
    return taken.map((key) => stated(run, 'identity', `kwargs.config.configurable.${key} is ${somebody.who}`))
  })
}

function nameIn(value: unknown): unknown {
  return value !== null && typeof value === 'object' ? (value as { identity?: unknown }).identity : value
}

/** Evidence that a run has permissions that its request invented. */
export function ranWith(
  { stated }: Pick<Inspection, 'stated'>,
  runs: readonly Exchange[],
  permission: string,
): Evidence[] {
  return runs.flatMap((run) => {
    const permissions = configurableOf(run)?.['langgraph_auth_permissions']
    if (!Array.isArray(permissions) || !permissions.includes(permission)) return []
    return [stated(run, 'permissions', 'kwargs.config.configurable.langgraph_auth_permissions is what Bob sent')]
  })
}
