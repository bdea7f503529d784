import { printable } from '../cli/printable.js'

export interface GuardedProcess {
  /** A promise was rejected and nothing handled it: the process goes on. */
  readonly onProblem: (problem: Problem) => void
  /** Nothing caught an exception, and nobody knows what it left half done: the process has to end now. */
  readonly onFatal: (line: string) => void
}

export interface Problem {
  readonly message: string
  readonly stack: string | undefined
}

/**
 * Decides what an error that escaped from the code of the project does to a server with other users: a rejection that
 * nobody waits for ends nothing, an exception that nobody catches ends the process with one line.
 *
 * For the command alone: a library must not decide this for the program that uses it.
 */
export function guardProcess({ onProblem, onFatal }: GuardedProcess): void {
  process.on('unhandledRejection', (reason) => {
    onProblem(problemFrom('A promise was rejected, and nothing handled it', reason))
  })
  process.on('uncaughtException', (error) => onFatal(fatalLine(error)))
}

/** An error as a problem: what it was about, its text, and where it comes from. Never the fields that it carries. */
export function problemFrom(about: string, error: unknown): Problem {
  return { message: `${about}: ${textOf(error)}`, stack: framesOf(error)?.join('\n') }
}

/** An error as lines: its text and where it comes from, and the same of what caused it. Never the fields that it carries. */
export function errorLines(error: unknown): string[] {
  const lines = [textOf(error), ...(framesOf(error) ?? [])]
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    lines.push(`caused by ${textOf(cause)}`, ...(framesOf(cause) ?? []))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return lines
}

/** Causes may go round in a circle. */
const MAX_CAUSES = 3

/** The one line that the process ends with. */
export function fatalLine(error: unknown): string {
  const [frame] = framesOf(error) ?? []
  return printable(`Nothing caught this: ${textOf(error)}${frame ? ` (${frame})` : ''}`)
}

function framesOf(error: unknown): string[] | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined
  const frames = error.stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.length === 0 ? undefined : frames.map((line) => line.trim())
}

// Not by inspecting it: an error of an HTTP client carries the request, and with it the token.
function textOf(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  return typeof error === 'object' && error !== null ? 'an object that is no Error' : String(error)
}
