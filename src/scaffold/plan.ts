import { lstat, readFile, stat } from 'node:fs/promises'
import { join, posix, resolve } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import { IGNORED, withAuthkitIgnored } from './gitignore.js'
import { authPathOf, newLanggraphJson, withAuthPath } from './langgraph-json.js'
import { adaptTemplate, type Template, templateNamed } from './templates.js'

/** One file of a plan. `path` is relative to the root, with forward slashes; `why` is for people. */
export type Step =
  | { readonly action: 'keep'; readonly path: string; readonly why: string }
  | {
      readonly action: 'create' | 'update' | 'replace'
      readonly path: string
      readonly why: string
      readonly content: string
      /** What the file held when the plan was made; undefined where there was none. */
      readonly before: string | undefined
    }

/** What `authkit init` is going to do. Nothing has happened yet. */
export interface Plan {
  /** The folder of the project, absolute. It need not exist. */
  readonly root: string
  readonly template: string
  readonly steps: readonly Step[]
}

export interface PlanOptions {
  /** The folder of the templates. */
  readonly templates: string
  /** The name of one of them. */
  readonly template: string
  /** Replace an auth file that differs, and an `auth.path` that init can't use. */
  readonly force?: boolean
}

/** Where the auth file is to stand, as langgraph.json says it. */
interface Target {
  /** `./auth.ts:auth` */
  readonly authPath: string
  /** `auth.ts` */
  readonly file: string
  /** `auth` */
  readonly exportName: string
}

const DEFAULT_TARGET: Target = { authPath: './auth.ts:auth', file: 'auth.ts', exportName: 'auth' }

/**
 * Works out what `authkit init` has to do in a folder: the auth file, langgraph.json and .gitignore. It reads, and writes
 * nothing.
 *
 * @throws AuthkitError `usage` for an unknown template or a root that is a file, `config_exists` where something would be
 *   overwritten without `force`, `config_invalid` where langgraph.json or package.json can't be understood.
 * @example
 * await applyPlan(await planInit('.', { templates, template: 'owner-only' }))
 */
export async function planInit(root: string, { templates, template: name, force = false }: PlanOptions): Promise<Plan> {
  const folder = resolve(root)
  const template = await templateNamed(name, templates)
  await refuseFile(folder)
  const config = await readText(folder, 'langgraph.json')
  const target = targetOf(config, force)
  const fromSdk = dependsOnSdk(await readText(folder, 'package.json'))
  return {
    root: folder,
    template: name,
    steps: [
      planAuthFile({ template, target, fromSdk, force, before: await readText(folder, target.file) }),
      planConfig(config, target),
      planGitignore(await readText(folder, '.gitignore')),
    ],
  }
}

interface AuthFile {
  readonly template: Template
  readonly target: Target
  readonly fromSdk: boolean
  readonly force: boolean
  readonly before: string | undefined
}

function planAuthFile({ template, target: { file, exportName }, fromSdk, force, before }: AuthFile): Step {
  const why = template.description.charAt(0).toLowerCase() + template.description.slice(1)
  const content = adaptTemplate(template, { fromSdk, exportName })
  if (before === undefined) return { action: 'create', path: file, why, content, before }
  // Either import will do: the project may have got the SDK since. So will the line ends that Git checked out.
  const other = adaptTemplate(template, { fromSdk: !fromSdk, exportName })
  const now = before.replaceAll('\r\n', '\n')
  if (now === content || now === other) return { action: 'keep', path: file, why }
  if (force) return { action: 'replace', path: file, why, content, before }
  throw new AuthkitError(
    'config_exists',
    `${file} exists and differs from the template ${template.name}. Nothing was written.`,
  )
}

function planConfig(before: string | undefined, { authPath }: Target): Step {
  const step = { path: 'langgraph.json', why: `"auth": { "path": ${JSON.stringify(authPath)} }` }
  if (before === undefined) return { ...step, action: 'create', content: newLanggraphJson(authPath), before }
  const content = withAuthPath(before, authPath)
  return content === before ? { ...step, action: 'keep' } : { ...step, action: 'update', content, before }
}

function planGitignore(before: string | undefined): Step {
  const step = { path: '.gitignore', why: IGNORED }
  const content = withAuthkitIgnored(before ?? '')
  if (before === undefined) return { ...step, action: 'create', content, before }
  return content === before ? { ...step, action: 'keep' } : { ...step, action: 'update', content, before }
}

/** The auth file that langgraph.json names, if a template can stand there. */
function targetOf(config: string | undefined, force: boolean): Target {
  const authPath = config === undefined ? undefined : authPathOf(config)
  if (authPath === undefined) return DEFAULT_TARGET
  const [file, exportName] = splitAuthPath(authPath)
  const problem = problemWith(file, exportName)
  if (problem === undefined) return { authPath, file, exportName }
  if (force) return DEFAULT_TARGET
  throw new AuthkitError(
    'config_exists',
    `langgraph.json names ${authPath} as its auth file, ${problem}. Nothing was written.`,
    {
      hint: `Change auth.path, or run again with --force to make it ${DEFAULT_TARGET.authPath}; the file it names stays as it is.`,
    },
  )
}

/** `./src/auth.ts:auth` as `['src/auth.ts', 'auth']`. Without a name it is the default export, as in LangGraph. */
function splitAuthPath(authPath: string): [file: string, exportName: string] {
  const [, file, exportName] = /^(.*?)(?::([^:/\\]*))?$/s.exec(authPath) as unknown as [
    string,
    string,
    string | undefined,
  ]
  return [posix.normalize(file), exportName ?? 'default']
}

function problemWith(file: string, exportName: string): string | undefined {
  if (posix.isAbsolute(file) || file.includes('\\') || file === '..' || file.startsWith('../') || file.includes('\0')) {
    return 'which is not a path inside this folder'
  }
  if (!/\.m?ts$/.test(file) || file.endsWith('.d.ts')) return 'which is not a TypeScript file'
  if (!/^[A-Za-z_$][\w$]*$/.test(exportName)) return 'which does not end in the name of an export'
  return undefined
}

const SDK = '@langchain/langgraph-sdk'

function dependsOnSdk(packageJson: string | undefined): boolean {
  if (packageJson === undefined) return false
  let parsed: unknown
  try {
    parsed = JSON.parse(packageJson.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new AuthkitError('config_invalid', `package.json is not valid JSON: ${(cause as Error).message}`, {
      cause,
      hint: 'Correct package.json; init reads it to see whether the project uses the LangGraph SDK.',
    })
  }
  const { dependencies, devDependencies } = (parsed ?? {}) as Record<string, unknown>
  return [dependencies, devDependencies].some(
    (list) => typeof list === 'object' && list !== null && Object.hasOwn(list, SDK),
  )
}

/**
 * The text of a file of the project, undefined where there is none.
 *
 * @throws AuthkitError where something else stands in its place, or it can't be read.
 */
export async function readText(root: string, path: string): Promise<string | undefined> {
  const file = join(root, path)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file))
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !(await exists(file))) return undefined
    throw new AuthkitError(...problemReading(path, code), { cause, hint: `Put ${path} right, then run again.` })
  }
}

function problemReading(
  path: string,
  code: string | undefined,
): ['config_exists' | 'config_invalid' | 'not_writable', string] {
  switch (code) {
    case 'ENOENT':
      return ['config_exists', `${path} is a symbolic link to nothing. Nothing was written.`]
    case 'EISDIR':
      return ['config_exists', `${path} is a folder. Nothing was written.`]
    case 'ENOTDIR':
      return ['config_exists', `${path} can't be written: a part of that path is a file. Nothing was written.`]
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return ['config_invalid', `${path} is not UTF-8. Nothing was written.`]
    default:
      return ['not_writable', `${path} can't be read${code ? ` (${code})` : ''}. Nothing was written.`]
  }
}

/** Whether anything stands there, a dangling link included. */
async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

async function refuseFile(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' && !(await exists(folder))) return
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new AuthkitError('not_writable', `${folder} can't be read${code ? ` (${code})` : ''}.`, { cause })
    }
  }
  throw new AuthkitError('usage', `${folder} is not a folder.`, {
    hint: 'Name a folder; it is made if it does not exist.',
  })
}
