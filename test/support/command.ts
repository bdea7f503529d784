import type { Command } from '@oclif/core/command'
import { vi } from 'vitest'
import { AuthkitError } from '../../src/errors/authkit-error.js'

export interface Printed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

type CommandClass = { run(argv: string[], options: { root: string }): Promise<unknown> } & Pick<typeof Command, 'flags'>

/** Runs a command in this process as oclif does, and collects what a shell would see. One at a time. */
export async function runCommand(command: CommandClass, ...argv: string[]): Promise<Printed> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk)
      return true
    }),
  )
  const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
    written.stdout += `${args.join(' ')}\n`
  })
  const error = vi.spyOn(console, 'error').mockImplementation((...args) => {
    written.stderr += `${args.join(' ')}\n`
  })
  const earlier = process.exitCode
  process.exitCode = undefined
  try {
    await command.run(argv, { root: process.cwd() })
    return { ...written, code: Number(process.exitCode ?? 0) }
  } catch (thrown) {
    if (thrown instanceof AuthkitError) throw thrown
    const { message, oclif } = thrown as { message: string; oclif?: { exit?: number } }
    return { ...written, stderr: written.stderr + message, code: oclif?.exit ?? 70 }
  } finally {
    process.exitCode = earlier
    for (const spy of [...spies, log, error]) spy.mockRestore()
  }
}
