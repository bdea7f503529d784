import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import { nearest } from '../../errors/nearest.js'

const Value = z.union([z.string(), z.number(), z.boolean()])

/** Values by the name of the parameter; under `GET /orders/{id}` those of one operation, `body` being its body. */
const Parameters = z.record(
  z.string(),
  z.union([Value, z.object({ body: z.json().optional() }).catchall(Value)], {
    error: 'is neither a value nor the values of one operation',
  }),
)

/** What `--as` names: the ids and bodies that requests from a specification are made of. */
const Examples = z.strictObject({ alice: Parameters.optional(), bob: Parameters.optional() })

/** The header names of an actor, each with `$VARIABLE` where the credential goes. */
const Headers = z.record(
  z.string().regex(/^[\w-]+$/, 'is no header name'),
  z.string().regex(/\$\{?[A-Z_]\w*/i, 'names no environment variable, such as "Bearer $ALICE_TOKEN"'),
)

const Route = z.string().regex(/^([A-Z]+|\*) \//, 'is no route, such as "GET /products/*"')

const Config = z.strictObject({
  $schema: z.string().optional(),
  /** The API as it was recorded, such as https://app.example.com/api. Its requests go to --url instead. */
  recorded: z.url({ protocol: /^https?$/ }).optional(),
  credentials: z.strictObject({ alice: Headers, bob: Headers }).optional(),
  /** Paths with their ids as `{name}`, where ids don't look like ids. */
  paths: z.array(z.string().startsWith('/')).default([]),
  /** What everybody with an account may see. */
  shared: z.array(Route).default([]),
  /** What must need a credential, although nothing says so. */
  private: z.array(Route).default([]),
  /** POST routes that change nothing. */
  safe: z.array(Route).default([]),
  /** Left out altogether. */
  ignore: z.array(Route).default([]),
  /** Fields that differ from answer to answer. */
  volatile: z.array(z.string()).default([]),
  parameters: Examples.default({}),
})

export type AnyConfig = z.output<typeof Config>
export type Examples = z.output<typeof Examples>
export type Parameters = z.output<typeof Parameters>

export const EMPTY_CONFIG: AnyConfig = Config.parse({})

/** Reads `--config`. Throws `usage`, in one sentence, for everything that is wrong with it. */
export function readConfig(file: string): AnyConfig {
  return validated(Config, parseJson(file, readText(file, '--config')), file)
}

/** Reads `--as`. */
export function readExamples(file: string): Examples {
  return validated(Examples, parseJson(file, readText(file, '--as')), file)
}

/** The text of a file that the user named. Its name is shown in one line, whatever it is made of. */
export function readText(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : 'cannot be read'
    throw new AuthkitError('usage', `${nameOf(file)} ${why}.`, { cause, hint: `Give ${flag} the path of a file.` })
  }
}

export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AuthkitError('usage', `${nameOf(file)} is no JSON.`, {
      cause,
      hint: text.trim() === '' ? 'The file is empty.' : 'Check that it was saved completely.',
    })
  }
}

/** A file name that can be printed: no control characters, not too long. */
export function nameOf(file: string): string {
  return basename(file).replace(/\p{C}/gu, '?').slice(0, 80)
}

function validated<S extends z.ZodType>(schema: S, value: unknown, file: string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = (issue?.path ?? []).map(String).join('.')
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const words = schema === (Config as z.ZodType) ? Object.keys(Config.shape) : ['alice', 'bob']
    throw new AuthkitError('usage', `${nameOf(file)} has an unknown key "${key}"${at ? ` in ${at}` : ''}.`, {
      hint: at ? 'docs/any-api.md lists the keys.' : `Did you mean "${nearest(key, words).word}"?`,
    })
  }
  throw new AuthkitError('usage', `${nameOf(file)}: ${at || 'the file'} ${messageOf(issue?.message)}.`, {
    hint: 'docs/any-api.md describes the file.',
  })
}

function messageOf(message = 'is not valid'): string {
  return /^(is|names) /.test(message) ? message : `is not valid (${message.toLowerCase()})`
}

/** Whether a route is one of those in a list of the config; `*` stands for anything. */
export function matchesRoute(patterns: readonly string[], method: string, path: string): boolean {
  return patterns.some((pattern) => {
    const [verb = '', route = ''] = pattern.split(' ')
    if (verb !== '*' && verb !== method) return false
    const expression = route
      .split(/(\*|\{[^}]+\})/)
      .map((part) =>
        part === '*' ? '.*' : part.startsWith('{') ? '[^/]+' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
      )
      .join('')
    return new RegExp(`^${expression}$`).test(path.split('?')[0] ?? '')
  })
}
