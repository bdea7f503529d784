import type { Authorized, Caller } from '../../engine/engine.js'
import type { AuthEventValueMap } from '../../engine/event-values.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { FoundItem, Item, Items, NewItem } from '../../storage/storage.js'
import type { StoreSettings } from '../settings.js'
import { searchTextOf, textsToEmbed, WHOLE } from './store-index.js'
import { problemWith, type StoreEvent } from './store-values.js'

/** Whoever uses the store: the rules are asked in their name. */
export type StoreCaller = Pick<Caller, 'authorize' | 'trace'>

/**
 * The store as a caller may use it. A request and a graph come through here alike: the rules are asked about each
 * operation, what they rewrite is used, and the filter they return is held. What they hide is absent.
 *
 * Each method takes what the rules are shown of the operation, and throws an AuthkitError: `invalid_request` for what can't
 * be stored or searched for, `value_invalid` where a handler left such a thing, and whatever `authorize` throws.
 */
export interface StoreAccess {
  /**
   * @throws AuthkitError also `bad_request` without a namespace, `forbidden` where the new item would be hidden from its
   *   own caller, `not_found` where a hidden one has its place, and `embed_failed`.
   */
  put(caller: StoreCaller, request: AuthEventValueMap['store:put']): Promise<void>
  get(caller: StoreCaller, request: AuthEventValueMap['store:get']): Promise<Item | undefined>
  /** Resolves also where there was nothing to delete. */
  delete(caller: StoreCaller, request: AuthEventValueMap['store:delete']): Promise<void>
  /** @throws AuthkitError also `embed_failed`. */
  search(caller: StoreCaller, request: AuthEventValueMap['store:search']): Promise<readonly FoundItem[]>
  namespaces(
    caller: StoreCaller,
    request: AuthEventValueMap['store:list_namespaces'],
  ): Promise<readonly (readonly string[])[]>
}

/** An item may be found by this many of its parts. */
const MAX_PARTS = 1000

const PAGE = 10
const NAMESPACES_PAGE = 100

/**
 * @param settings Asked at each operation, so an edit of langgraph.json applies to the next one.
 * @example
 * const store = createStoreAccess({ items: storage.items, settings: () => settings().store })
 * await store.put(caller, { namespace: ['alice', 'notes'], key: 'a', value: { text: 'apples' } })
 */
export function createStoreAccess({ items, settings }: { items: Items; settings: () => StoreSettings }): StoreAccess {
  return {
    async put(caller, request) {
      if (request.namespace.length === 0) throw new AuthkitError('bad_request', 'Namespace is required')
      const { scope, value } = await allowed(caller, 'store:put', request)
      const { index, ttl } = settings()
      const outcome = await items.put(scope, {
        namespace: value.namespace,
        key: value.key,
        value: value.value,
        ttl: value.ttl === undefined ? (ttl?.defaultMinutes ?? null) : value.ttl,
        ...(await indexed(value, index)),
      })
      if (outcome === 'refused') throw new AuthkitError('forbidden', 'Forbidden')
      if (outcome === 'hidden') throw new AuthkitError('not_found', 'Item not found')
    },

    async get(caller, request) {
      const { scope, value } = await allowed(caller, 'store:get', request)
      const refreshTtl = value.refresh_ttl ?? refreshesOnRead(settings())
      return await items.get(scope, value.namespace ?? [], value.key, { refreshTtl })
    },

    async delete(caller, request) {
      const { scope, value } = await allowed(caller, 'store:delete', request)
      await items.delete(scope, value.namespace ?? [], value.key)
    },

    async search(caller, request) {
      const { scope, value } = await allowed(caller, 'store:search', request)
      const { namespace, filter, query, limit, offset, refresh_ttl } = value
      const embedding = settings().index?.embedding
      const search = {
        namespacePrefix: namespace ?? [],
        refreshTtl: refresh_ttl ?? refreshesOnRead(settings()),
        ...(filter ? { filter } : {}),
        ...(query?.trim() ? await wanted(query, embedding) : {}),
      }
      return await items.search(scope, search, { limit: limit ?? PAGE, offset: offset ?? 0 })
    },

    async namespaces(caller, request) {
      const asked = wildcardsOf(request)
      const { scope, value } = await allowed(caller, 'store:list_namespaces', request)
      // What a handler writes are labels, such as an identity. One that is "*" would list the namespaces of everyone.
      if (wildcardsOf(value) > asked)
        throw leftBy(caller, 'store:list_namespaces', 'wildcards come from the caller alone')
      const { namespace, suffix, max_depth, limit, offset } = value
      const search = { prefix: namespace ?? [], suffix: suffix ?? [], ...(max_depth ? { maxDepth: max_depth } : {}) }
      return await items.namespaces(scope, search, { limit: limit ?? NAMESPACES_PAGE, offset: offset ?? 0 })
    },
  }
}

/** Asks the rules. What comes in is checked, and what they leave is checked again. */
async function allowed<E extends StoreEvent>(
  caller: StoreCaller,
  event: E,
  request: AuthEventValueMap[E],
): Promise<Authorized<E>> {
  const problem = problemWith(request)
  if (problem) throw new AuthkitError('invalid_request', problem)
  const answer = await caller.authorize(event, request)
  const left = problemWith(answer.value)
  if (left) throw leftBy(caller, event, left)
  return answer
}

function leftBy({ trace }: StoreCaller, event: StoreEvent, problem: string): AuthkitError {
  const error = new AuthkitError('value_invalid', `The handler of ${event} left a value that is unusable: ${problem}.`)
  trace.problem ??= error.message
  return error
}

function wildcardsOf({ namespace, suffix }: AuthEventValueMap['store:list_namespaces']): number {
  return [...(namespace ?? []), ...(suffix ?? [])].filter((label) => label === '*').length
}

/** Reading counts as using, as on LangGraph Platform, unless langgraph.json says otherwise. */
function refreshesOnRead({ ttl }: StoreSettings): boolean {
  return ttl?.refreshOnRead ?? true
}

type Embedding = NonNullable<StoreSettings['index']>['embedding']

async function indexed(
  { value, index }: AuthEventValueMap['store:put'],
  settings: StoreSettings['index'],
): Promise<Pick<NewItem, 'searchText' | 'vectors'>> {
  if (index === false) return { searchText: null }
  const paths = index ?? settings?.fields ?? WHOLE
  const searchText = searchTextOf(value, paths)
  if (!settings?.embedding) return { searchText }
  const texts = textsToEmbed(value, paths)
  if (texts.length > MAX_PARTS) {
    throw new AuthkitError('invalid_request', `value: must not have more than ${MAX_PARTS} parts to index`)
  }
  return { searchText, vectors: texts.length > 0 ? await embed(texts, settings.embedding) : [] }
}

/** By meaning where there is an embed function, by words elsewhere. */
async function wanted(query: string, embedding: Embedding): Promise<{ text: string } | { vector: Float32Array }> {
  if (!embedding) return { text: query }
  const [vector] = await embed([query], embedding)
  return vector ? { vector } : { text: query }
}

async function embed(texts: readonly string[], embedding: NonNullable<Embedding>): Promise<Float32Array[]> {
  let vectors: unknown
  try {
    vectors = await embedding.embed(texts)
  } catch (error) {
    if (error instanceof AuthkitError) throw error
    throw new AuthkitError('embed_failed', 'The embed function of the store failed.', { cause: error })
  }
  const { dims } = embedding
  const isVector = (vector: unknown): vector is ArrayLike<number> =>
    (Array.isArray(vector) || ArrayBuffer.isView(vector)) &&
    (vector as ArrayLike<number>).length === dims &&
    Array.from(vector as ArrayLike<unknown>).every(Number.isFinite)
  if (!Array.isArray(vectors) || vectors.length !== texts.length || !vectors.every(isVector)) {
    throw new AuthkitError(
      'embed_failed',
      `The embed function of the store must return a vector of ${dims} finite numbers for each text.`,
    )
  }
  return vectors.map((vector) => Float32Array.from(vector))
}
