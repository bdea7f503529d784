import {
  applyEdits,
  type Edit,
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import { AuthkitError } from '../errors/authkit-error.js'

/**
 * The `auth.path` of a langgraph.json, undefined where it names none. Comments and trailing commas are fine.
 *
 * @throws AuthkitError `config_invalid` where the text is no JSON object, with line and column, or where `auth` or
 *   `auth.path` is something else than expected.
 */
export function authPathOf(text: string): string | undefined {
  const body = withoutBom(text)
  const root = rootOf(body)
  const auth = findNodeAtLocation(root, ['auth'])
  if (auth && !['object', 'null'].includes(auth.type)) throw invalid(body, auth.offset, '"auth" is not an object')
  const path = auth && findNodeAtLocation(root, ['auth', 'path'])
  if (path && (path.type !== 'string' || path.value === '')) {
    throw invalid(body, path.offset, '"auth.path" is not a string like "./auth.ts:auth"')
  }
  return path?.value as string | undefined
}

/**
 * The same langgraph.json with another `auth.path`. Nothing else moves: the change is one insertion, or one value that is
 * exchanged, so keys, comments, indentation and line ends stay as they are.
 *
 * @throws AuthkitError as {@link authPathOf}.
 */
export function withAuthPath(text: string, path: string): string {
  const before = authPathOf(text)
  if (before === path) return text
  const body = withoutBom(text)
  const root = rootOf(body)
  const layout = layoutOf(body, root)
  const value = JSON.stringify(path)

  const auth = findNodeAtLocation(root, ['auth'])
  const oldPath = findNodeAtLocation(root, ['auth', 'path'])
  const newAuth = layout.multiline
    ? `{${layout.eol}${layout.indent}${layout.indent}"path": ${value}${layout.eol}${layout.indent}}`
    : `{ "path": ${value} }`

  const edits = oldPath
    ? [{ offset: oldPath.offset, length: oldPath.length, content: value }]
    : auth?.type === 'null'
      ? [{ offset: auth.offset, length: auth.length, content: newAuth }]
      : auth
        ? addProperty(body, auth, `"path": ${value}`, layout)
        : addProperty(body, root, `"auth": ${newAuth}`, layout)

  const result = text.slice(0, text.length - body.length) + applyEdits(body, edits)
  if (authPathOf(result) !== path) throw new AuthkitError('internal', 'langgraph.json could not be changed safely.')
  return result
}

/** A langgraph.json for a folder that has none. Graphs are the developer's to add; `authkit dev` brings one of its own. */
export function newLanggraphJson(path: string): string {
  return `${JSON.stringify({ node_version: '22', auth: { path } }, undefined, 2)}\n`
}

interface Layout {
  readonly eol: string
  /** One step of indentation. */
  readonly indent: string
  /** Whether the properties of the root stand on lines of their own. */
  readonly multiline: boolean
}

function layoutOf(text: string, root: Node): Layout {
  const first = root.children?.[0]
  const indent = first && ownIndentation(text, first.offset)
  return {
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    indent: indent || '  ',
    multiline: first === undefined || indent !== undefined,
  }
}

/** The white space before a property that begins its line, undefined for one that does not. */
function ownIndentation(text: string, offset: number): string | undefined {
  return /(?:^|\n)([ \t]*)$/.exec(text.slice(0, offset))?.[1]
}

/** The edits that append a property to an object, in the manner of the properties that it has. */
function addProperty(text: string, object: Node, property: string, { eol, indent, multiline }: Layout): Edit[] {
  const last = object.children?.at(-1)
  if (!last) {
    const after = object.offset + 1
    // Only the root is laid out anew when it is empty; inside, `{}` grows on its line.
    const isRoot = object.parent === undefined
    const rest = text.slice(after, object.offset + object.length - 1)
    const content = isRoot && multiline ? eol + indent + property + (rest.includes('\n') ? '' : eol) : ` ${property} `
    return [{ offset: after, length: 0, content }]
  }

  const end = last.offset + last.length
  const { comma, offset, afterLineComment } = endOfLine(text, end)
  const own = ownIndentation(text, last.offset)
  const separator = own !== undefined || afterLineComment ? eol + (own ?? indent) : ' '
  const added = { offset, length: 0, content: separator + property + (comma ? ',' : '') }
  if (comma) return [added]
  // The same place twice would leave the order of two edits open.
  if (offset === end) return [{ ...added, content: `,${added.content}` }]
  return [{ offset: end, length: 0, content: ',' }, added]
}

/** Where the line of a property ends for whoever reads it: after its comma, and after the comments that belong to it. */
function endOfLine(text: string, from: number): { comma: boolean; offset: number; afterLineComment: boolean } {
  const rest = /((?:[ \t]*(?:,|\/\*.*?\*\/))*)([ \t]*\/\/[^\r\n]*)?/sy
  rest.lastIndex = from
  const [all, separators = '', lineComment] = rest.exec(text) ?? ['']
  return {
    comma: separators.replaceAll(/\/\*.*?\*\//gs, '').includes(','),
    offset: from + all.length,
    afterLineComment: lineComment !== undefined,
  }
}

function withoutBom(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

function rootOf(text: string): Node {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error) throw invalid(text, error.offset, wordsFor(printParseErrorCode(error.error)))
  if (root?.type !== 'object') throw invalid(text, root?.offset ?? 0, 'it is not an object')
  const twice = root.children?.filter((property) => property.children?.[0]?.value === 'auth')[1]
  if (twice) throw invalid(text, twice.offset, '"auth" stands there twice')
  return root
}

/** `PropertyNameExpected` as "property name expected". */
function wordsFor(code: string): string {
  return code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
}

function invalid(text: string, offset: number, problem: string): AuthkitError {
  const lines = text.slice(0, offset).split('\n')
  const position = `${lines.length}:${(lines.at(-1) as string).length + 1}`
  return new AuthkitError('config_invalid', `langgraph.json:${position}: ${problem}.`)
}
