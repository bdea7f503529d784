import { AuthkitError } from '../errors/authkit-error.js'

/** What JSON.stringify makes of the messages of LangChain, the chunks of streamed ones included. */
const MESSAGES = new Set(
  ['Human', 'AI', 'System', 'Tool', 'Function', 'Chat'].flatMap((kind) => [`${kind}Message`, `${kind}MessageChunk`]),
).add('RemoveMessage')

/**
 * Refuses LangChain's constructor records, wherever in a value they stand. Whoever reads a checkpoint makes an object of each,
 * so a client would choose the class, and one that can't be made would make its thread unreadable. Messages are what clients
 * rightly send like this: they pass, where an object can be made of them.
 *
 * @param at Where the value stands in the request, for the message.
 * @throws AuthkitError `invalid_request` (422), naming the place.
 *
 * @example
 * refuseConstructorRecords(body.values, 'values')
 */
export function refuseConstructorRecords(value: unknown, at: string): void {
  refuseBelow(value, at, undefined)
}

/** LangChain makes no message of what is nested deeper than 50 levels. Some of them are its own. */
const MAX_LEVELS = 40

/** @param levels How deep in a message the value stands; undefined outside of messages. */
function refuseBelow(value: unknown, at: string, levels: number | undefined): void {
  if (typeof value !== 'object' || value === null) return
  if (levels !== undefined && levels > MAX_LEVELS) {
    throw refused(at, `a message must not be nested deeper than ${MAX_LEVELS} levels`)
  }
  const list = Array.isArray(value)
  const message = list ? isRoleAndContent(value) : isMessageLike(value as Fields)
  if (!list) refuseRecord(value as Fields, at, message)
  const below = message ? (levels ?? 0) + 1 : levels && levels + 1
  for (const [key, inner] of Object.entries(value)) refuseBelow(inner, `${at}.${key}`, below)
}

function refuseRecord(value: Fields, at: string, message: boolean): void {
  if (isRecord(value) && !isMessageRecord(value)) {
    throw refused(at, 'this serialized LangChain object is not accepted; messages are, or plain JSON')
  }
  // Taken as it is where a message is made of it, and checked only when it is read again.
  if (message && !hasShapes(value, { contentblocks: isListOf(isObject) })) {
    throw refused(at, 'content_blocks of a message must be a list of objects')
  }
}

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

/** 1 is a record of LangChain, 2 one of LangGraph's serializer. */
function isRecord({ lc, type }: Fields): boolean {
  return (lc === 1 || lc === 2) && typeof type === 'string'
}

function isMessageRecord({ lc, type, id, kwargs }: Fields): boolean {
  return lc === 1 && type === 'constructor' && isMessageId(id) && isObject(kwargs) && hasShapes(kwargs, OF_MESSAGES)
}

/** `["langchain_core", "messages", "AIMessage"]`, or with the module that Python names before the class. */
function isMessageId(id: unknown): boolean {
  if (!Array.isArray(id) || !id.every((part) => typeof part === 'string')) return false
  const [root, module, ...rest] = id
  return root === 'langchain_core' && module === 'messages' && rest.length <= 2 && MESSAGES.has(String(rest.at(-1)))
}

/** What LangChain makes a message of, besides lists such as `["human", "hello"]`. */
function isMessageLike(value: Fields): boolean {
  if (isRecord(value)) return true
  const { type, role } = value
  return (typeof type === 'string' || typeof role === 'string') && ('content' in value || 'content_blocks' in value)
}

const ROLES = ['human', 'user', 'ai', 'assistant', 'system', 'developer', 'tool', 'function']

function isRoleAndContent(list: readonly unknown[]): boolean {
  return list.length === 2 && ROLES.includes(list[0] as string)
}

/** What the constructors of messages need to be so. Names are compared as LangChain reads them: in any spelling. */
const OF_MESSAGES: Readonly<Record<string, Check>> = {
  content: (value) =>
    typeof value === 'string' || isListOf((part) => typeof part === 'string' || isObject(part))(value),
  contentblocks: isListOf(isObject),
  additionalkwargs: isObject,
  responsemetadata: isObject,
  toolcalls: isListOf(isObject),
  invalidtoolcalls: isListOf(isObject),
  toolcallchunks: isListOf(isObject),
}

function hasShapes(fields: Fields, shapes: Readonly<Record<string, Check>>): boolean {
  return Object.entries(fields).every(([name, value]) => {
    const known = name.toLowerCase().replaceAll(/[^a-z]/g, '')
    return !Object.hasOwn(shapes, known) || value === undefined || shapes[known]?.(value) === true
  })
}

function isListOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(at: string, why: string): AuthkitError {
  return new AuthkitError('invalid_request', `${at}: ${why}`)
}
