import {
  BaseStore,
  type Item as GraphItem,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from '@langchain/langgraph-checkpoint'
import type { Caller } from '../../engine/engine.js'
import { systemScope } from '../../engine/scope.js'
import { createTrace } from '../../engine/trace.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { FoundItem, Item } from '../../storage/storage.js'
import type { StoreAccess, StoreCaller } from './store-access.js'
import type { StoreEvent } from './store-values.js'

const UNSCOPED = 'langgraph.json lets graphs reach the whole store'

/**
 * The store that a graph sees as `config.store`: ours, as one caller may use it. The rules are asked about each operation
 * in the name of that caller, exactly as over HTTP, and their decisions stand in the trace of the caller. An operation that
 * they refuse rejects with an AuthkitError that names it; where the graph does not catch that, it ends the run.
 *
 * Operations of a batch are done one after the other; those after one that fails are not done.
 *
 * @param caller Asked at each operation, so that the rules are those of the moment. Undefined while they are broken: the
 *   operation is then refused.
 * @param unscoped The rules are not asked, and the graph reaches the whole store.
 * @example
 * graph.store = createGraphStore({ access, caller: () => engine()?.callerFor(user, trace), unscoped: false })
 */
export function createGraphStore({
  access,
  caller,
  unscoped,
}: {
  access: StoreAccess
  caller: () => Caller | undefined
  unscoped: boolean
}): BaseStore {
  return new GraphStore(access, unscoped ? () => unscopedCaller(caller()) : caller)
}

// BaseStore is a class, and LangGraph wraps whatever it is given in another one that calls `batch` alone.
class GraphStore extends BaseStore {
  readonly #access: StoreAccess
  readonly #caller: () => StoreCaller | undefined

  constructor(access: StoreAccess, caller: () => StoreCaller | undefined) {
    super()
    this.#access = access
    this.#caller = caller
  }

  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results: unknown[] = []
    for (const operation of operations) results.push(await this.#perform(operation))
    return results as OperationResults<Op>
  }

  async #perform(operation: Operation): Promise<unknown> {
    const event = eventOf(operation)
    const caller = this.#caller()
    if (!caller) {
      throw new AuthkitError('auth_file_broken', `${event} failed: the rules of auth.ts can't be asked.`)
    }
    try {
      return await performAs(caller, this.#access, operation)
    } catch (error) {
      if (!(error instanceof AuthkitError)) throw error
      const { code, status, message } = error
      // As over HTTP: what is a bug of the project is for its terminal, not for whoever reads how the run ended.
      const detail = `${event} failed: ${status >= 500 ? 'Internal Server Error' : error.detail}`
      throw new AuthkitError(code, `${event} failed: ${message}`, { status, detail, cause: error })
    }
  }
}

async function performAs(caller: StoreCaller, access: StoreAccess, operation: Operation): Promise<unknown> {
  if ('namespacePrefix' in operation) {
    const found = await access.search(caller, searchOf(operation))
    return found.map(graphItem)
  }
  if ('value' in operation) return await putOrDelete(caller, access, operation)
  if ('key' in operation) {
    const item = await access.get(caller, { namespace: [...operation.namespace], key: operation.key })
    return item ? graphItem(item) : null
  }
  const namespaces = await access.namespaces(caller, listOf(operation))
  return namespaces.map((labels) => [...labels])
}

async function putOrDelete(caller: StoreCaller, access: StoreAccess, operation: PutOperation): Promise<void> {
  const { key, value, index } = operation
  const namespace = [...operation.namespace]
  if (value === null) await access.delete(caller, { namespace, key })
  else await access.put(caller, { namespace, key, value: asJson(value), ...(index === undefined ? {} : { index }) })
}

function eventOf(operation: Operation): StoreEvent {
  if ('namespacePrefix' in operation) return 'store:search'
  if ('value' in operation) return operation.value === null ? 'store:delete' : 'store:put'
  return 'key' in operation ? 'store:get' : 'store:list_namespaces'
}

function searchOf({ namespacePrefix, filter, query, limit, offset }: SearchOperation) {
  return {
    namespace: [...namespacePrefix],
    ...(filter === undefined ? {} : { filter: asJson(filter) }),
    ...(query === undefined ? {} : { query }),
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
  }
}

function listOf({ matchConditions = [], maxDepth, limit, offset }: ListNamespacesOperation) {
  const [prefix, ...prefixes] = matchConditions.filter(({ matchType }) => matchType === 'prefix')
  const [suffix, ...suffixes] = matchConditions.filter(({ matchType }) => matchType === 'suffix')
  if (prefixes.length + suffixes.length > 0 || matchConditions.some(({ matchType }) => !isMatchType(matchType))) {
    throw new AuthkitError('invalid_request', 'namespaces are matched by at most one prefix and one suffix')
  }
  return {
    ...(prefix ? { namespace: [...prefix.path] } : {}),
    ...(suffix ? { suffix: [...suffix.path] } : {}),
    ...(maxDepth === undefined ? {} : { max_depth: maxDepth }),
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
  }
}

function isMatchType(type: string): boolean {
  return type === 'prefix' || type === 'suffix'
}

/** What JSON keeps of a value: graphs put dates, messages and fields that are undefined into theirs. */
function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value) ?? 'null')
}

function graphItem({
  namespace,
  key,
  value,
  created_at,
  updated_at,
  ...rest
}: Item | FoundItem): GraphItem | SearchItem {
  const dates = { createdAt: new Date(created_at), updatedAt: new Date(updated_at) }
  return { namespace: [...namespace], key, value, ...dates, ...rest }
}

/** Whoever it is, everything is allowed, and the trace says why. */
function unscopedCaller(caller: Caller | undefined): StoreCaller {
  const trace = caller?.trace ?? createTrace('')
  return {
    trace,
    async authorize(event, value) {
      const decision = { kind: 'allow-all', reason: UNSCOPED } as const
      trace.events.push({ event, handler: undefined, decision, changes: [], hidden: undefined, ms: 0 })
      return { scope: systemScope(UNSCOPED), value }
    },
  }
}
