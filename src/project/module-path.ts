import { resolve } from 'node:path'

/** A value in a file: `./auth.ts:auth`, resolved. */
export interface ModulePath {
  /** Absolute. */
  readonly path: string
  /** The name of the export; `default` where none was given. */
  readonly export: string
}

// The name after the last colon, if it can be the name of an export. `C:\auth.ts` has none: `\auth.ts` cannot be one.
const NAMED = /^(?<file>.{2,}):(?<name>[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)$/u

/**
 * Reads `./auth.ts:auth`. Without `:name` it is the default export. Backslashes count as slashes, because a
 * langgraph.json written on Windows is also read elsewhere.
 */
export function parseModulePath(text: string, root: string): ModulePath {
  const { file = text, name = 'default' } = NAMED.exec(text)?.groups ?? {}
  return { path: resolve(root, file.replaceAll('\\', '/')), export: name }
}
