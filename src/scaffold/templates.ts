import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'

/** What `authkit init` writes unless told otherwise. */
export const DEFAULT_TEMPLATE = 'owner-only'

/** An auth.ts that can be written: one file of the templates folder. */
export interface Template {
  /** Its file name without `.ts`. */
  readonly name: string
  /** The first sentence of its header. */
  readonly description: string
  readonly source: string
}

/** All templates of a folder, the default first, the others by name. */
export async function listTemplates(folder: string): Promise<readonly Template[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  const templates = await Promise.all(
    files.map(async (file) => {
      const source = await readFile(join(folder, file), 'utf8')
      return { name: file.slice(0, -'.ts'.length), description: firstSentence(source), source }
    }),
  )
  return templates.sort((a, b) => Number(b.name === DEFAULT_TEMPLATE) - Number(a.name === DEFAULT_TEMPLATE))
}

/** @throws AuthkitError `usage` where no template has that name; the message lists those that there are. */
export async function templateNamed(name: string, folder: string): Promise<Template> {
  const templates = await listTemplates(folder)
  const found = templates.find((template) => template.name === name)
  if (found) return found
  throw new AuthkitError(
    'usage',
    `There is no template "${name}". Choose one of: ${templates.map((one) => one.name).join(', ')}.`,
    {
      hint: 'Run `authkit init --list` to see what each of them does.',
    },
  )
}

/** How a template has to look in one project. */
export interface Adaptation {
  /** Import `Auth` and `HTTPException` from LangGraph's SDK, because the project has it. */
  readonly fromSdk: boolean
  /** The export that langgraph.json names; `default` for the default export. */
  readonly exportName: string
}

const AUTHKIT_IMPORT = /^import \{ (?<names>[^}]+) \} from 'authkit'$/m
const AUTH_EXPORT = /^export const auth = /m
/** What authkit and `@langchain/langgraph-sdk/auth` both export. */
const SHARED_NAMES: readonly string[] = ['Auth', 'HTTPException', 'isStudioUser']

/** The text of a template for one project. */
export function adaptTemplate({ name, source }: Template, { fromSdk, exportName }: Adaptation): string {
  const names = AUTHKIT_IMPORT.exec(source)?.groups?.['names']?.split(', ')
  if (!names || !AUTH_EXPORT.test(source)) {
    throw new AuthkitError('internal', `The template ${name} has lost its import from authkit, or its export.`)
  }
  const exported = exportName === 'default' ? 'export default ' : `export const ${exportName} = `
  const text = source.replace(AUTH_EXPORT, () => exported)
  if (!fromSdk) return text
  const [shared, own] = [
    names.filter((one) => SHARED_NAMES.includes(one)),
    names.filter((one) => !SHARED_NAMES.includes(one)),
  ]
  const imports = [`import { ${shared.join(', ')} } from '@langchain/langgraph-sdk/auth'`]
  if (own.length > 0) imports.push(`import { ${own.join(', ')} } from 'authkit'`)
  return text.replace(AUTHKIT_IMPORT, () => imports.join('\n'))
}

function firstSentence(source: string): string {
  return /^\/\*\*\s+\* (.+?)\.?\s*$/m.exec(source)?.[1] ?? ''
}
