import type { Scope } from '../../engine/scope.js'
import type { Dialect } from './dialect.js'

/** Counts kept. Each user's filter has its own. */
const BOUND = 2000

/**
 * Remembers how many rows a scope shows, until anything in the database changes: a list says its total with every page,
 * and counting a long list costs more than reading a page of it.
 */
export function createCountCache(dialect: Dialect) {
  const counts = new Map<string, { readonly version: string; readonly total: number }>()

  return {
    /** @param name What is counted, where it is not the rows of a scope. */
    async of(scope: Scope, count: () => Promise<number>, name = ''): Promise<number> {
      const version = dialect.version()
      const key = name + JSON.stringify(scope.filter ?? null)
      const known = counts.get(key)
      if (version !== undefined && known?.version === version) return known.total
      const total = await count()
      // Counted while it changed, it is right for neither version.
      if (version !== undefined && dialect.version() === version) {
        if (counts.size >= BOUND) counts.delete(counts.keys().next().value as string)
        counts.set(key, { version, total })
      }
      return total
    },
  }
}
