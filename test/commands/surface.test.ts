import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { BaseCommand } from '../../src/cli/base-command.js'

interface CommandClass {
  readonly summary?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly args?: Record<
    string,
    { readonly required?: boolean; readonly default?: unknown; readonly ignoreStdin?: boolean }
  >
  readonly flags?: Record<string, FlagShape>
  readonly baseFlags?: Record<string, FlagShape>
  readonly enableJsonFlag?: boolean
}

interface FlagShape {
  readonly char?: string
  readonly type: 'boolean' | 'option'
  readonly env?: string
  readonly required?: boolean
  readonly default?: unknown
  readonly description?: string
  readonly options?: readonly string[]
}

const files = readdirSync('src/commands', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const commands = await Promise.all(
  files.sort().map(async (file): Promise<[string, CommandClass]> => {
    const { default: command } = await import(/* @vite-ignore */ `../../src/commands/${file}`)
    return [idOf(file), command]
  }),
)

/** As it is typed: `token/inspect.ts` is `token inspect`, and `token/index.ts` is `token`. */
function idOf(file: string): string {
  return file.replace(/(\/index)?\.ts$/, '').replaceAll('/', ' ')
}

/** One line a flag: what a change of the public surface looks like in a review. */
function surfaceOf([id, command]: [string, CommandClass]): string[] {
  const args = Object.entries(command.args ?? {}).map(([name, { required }]) =>
    required ? ` <${name}>` : ` [${name}]`,
  )
  const flags = Object.entries(command.flags ?? {}).map(([name, flag]) => {
    const value = flag.type === 'option' ? `=<${flag.options?.join('|') ?? 'value'}>` : ''
    const notes = [
      flag.char && `-${flag.char}`,
      flag.required && 'required',
      flag.env && `env ${flag.env}`,
      flag.default !== undefined &&
        typeof flag.default !== 'function' &&
        flag.default !== false &&
        `default ${flag.default}`,
    ].filter(Boolean)
    return `  --${name}${value}${notes.length > 0 ? `  (${notes.join(', ')})` : ''}`
  })
  const json = command.enableJsonFlag ? ['  --json'] : []
  return [`${id}${args.join('')}`, ...[...flags, ...json].sort()]
}

it('is what it was', () => {
  expect(`${commands.flatMap(surfaceOf).join('\n')}\n`).toMatchSnapshot()
})

it.each(commands)('%s says what it does, shows examples, and describes every flag', (_, command) => {
  expect(Object.getPrototypeOf(command)).toBe(BaseCommand)
  expect(command.summary).toMatch(/^[A-Z].*\.$/)
  expect(command.description?.length).toBeGreaterThan(80)
  expect(command.examples?.length).toBeGreaterThanOrEqual(3)
  for (const [name, flag] of Object.entries(command.flags ?? {})) expect(flag.description, name).toBeTruthy()
})

it.each(commands)(
  '%s takes no argument from stdin, as oclif would: a command in a loop would eat the list',
  (_, command) => {
    for (const [name, arg] of Object.entries(command.args ?? {})) expect(arg.ignoreStdin, name).toBe(true)
  },
)
