import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import type { Schema } from './schema.js'

/** A place in a compiled query where a value of the call goes. */
export interface Slot {
  readonly slot: string
}

/** Queries kept compiled. Each user's filter makes its own. */
const BOUND = 2000

/**
 * Keeps the queries of hot paths compiled: building and compiling one costs more than SQLite needs to answer it. A query is
 * the same as long as its name and the filter of its scope are; whatever else varies is a slot.
 *
 * @example
 * const run = createQueryCache(db)
 * await run('threads.get', scope, (slot) => visible(scope, slot('id')), { id })
 */
export function createQueryCache(db: Kysely<Schema>) {
  const compiled = new Map<string, CompiledQuery<unknown>>()

  return async function run<T>(
    name: string,
    scope: Scope,
    build: (slot: (name: string) => never) => Compilable<T>,
    values: Readonly<Record<string, unknown>>,
  ): Promise<T[]> {
    const key = scope.filter ? name + JSON.stringify(scope.filter) : name
    let query = compiled.get(key)
    if (!query) {
      // A slot is handed over as if it were a value: compiling only puts it into the list of parameters.
      query = build((slot) => ({ slot }) as never).compile()
      if (compiled.size >= BOUND) compiled.delete(compiled.keys().next().value as string)
      compiled.set(key, query)
    }
    const parameters = query.parameters.map((parameter) => (isSlot(parameter) ? values[parameter.slot] : parameter))
    const { rows } = await db.executeQuery<T>({ ...query, parameters } as CompiledQuery<T>)
    return rows
  }
}

function isSlot(parameter: unknown): parameter is Slot {
  return typeof parameter === 'object' && parameter !== null && 'slot' in parameter
}
