import { AuthkitError } from '../../errors/authkit-error.js'
import { wireText } from '../wire.js'

/** A failure as clients read it. They know one by its two texts, so there is always something in both. */
export interface RunError {
  readonly error: string
  readonly message: string
}

/**
 * What whoever runs a graph is told of what it threw. Never throws itself, whatever that is: a graph may throw an object that
 * fails when it is looked at.
 */
export function runErrorOf(thrown: unknown): RunError {
  try {
    // What a graph file throws when it is loaded is for the terminal; whoever runs it is told where it failed.
    if (thrown instanceof AuthkitError) return { error: thrown.code, message: thrown.detail }
    const { name, message } = thrown instanceof Error ? thrown : { name: 'Error', message: textOf(thrown) }
    return { error: textOr(name, 'Error'), message: textOr(message, SILENT) }
  } catch {
    return { error: 'Error', message: SILENT }
  }
}

const SILENT = 'The graph failed without saying why.'

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

function textOf(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : (wireText(thrown) ?? String(thrown))
}
