import { Command } from '@oclif/core/command'
import { AuthkitError } from '../errors/authkit-error.js'
import { createStyle, type Style, wantsColour } from './style.js'

/**
 * What every command shares: the one place where an error becomes text and an exit code. A command parses its flags,
 * calls one function, and prints.
 */
export abstract class BaseCommand extends Command {
  /** Colours for stdout. */
  protected style(): Style {
    return createStyle(wantsColour(process.stdout))
  }

  /** Prompts need a person: a terminal on both ends, and nobody who said CI. */
  protected interactive(): boolean {
    return process.stdin.isTTY === true && process.stdout.isTTY === true && !process.env['CI']
  }

  /** Says on stderr what a person has to know, also beside `--json`, whose stdout it leaves alone. */
  protected notice(text: string): void {
    process.stderr.write(`  ${text}\n`)
  }

  protected override toErrorJson(error: unknown): unknown {
    if (error instanceof AuthkitError) return { error: error.toJSON() }
    const message = error instanceof Error ? error.message : String(error)
    const usage = (error as { oclif?: { exit?: number } }).oclif?.exit === 2
    return { error: { code: usage ? 'usage' : 'internal', message } }
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (!(error instanceof AuthkitError)) return super.catch(error)
    process.exitCode = error.spec.exit
    if (this.jsonEnabled()) return this.logJson(this.toErrorJson(error))
    const { red, dim } = createStyle(wantsColour(process.stderr))
    this.logToStderr(`${red('Error:')} ${error.message}`)
    this.logToStderr(`  ${dim('Try:')}  ${error.hint}`)
    this.logToStderr(`  ${dim('Code:')} ${error.code}`)
    return undefined
  }
}
