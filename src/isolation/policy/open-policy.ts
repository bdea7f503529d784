import { readFile } from 'node:fs/promises'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Severity } from '../check.js'
import type { CheckResult } from '../events.js'
import { type ReservedFile, reserve } from '../outputs.js'
import { BASELINE_FILE, type BaselineEntry, parseBaseline, renderBaseline, updateBaseline } from './baseline.js'
import type { FailOn } from './exit-code.js'
import { type Intent, parseIntent } from './intent.js'
import type { Policy } from './policy.js'

export interface PolicyFlags {
  /** The baseline; `authkit-isolation.json` where there is one and nothing is said. */
  readonly baseline?: string | undefined
  /** A baseline that is not there yet is fine: it is about to be written. */
  readonly updateBaseline: boolean
  readonly intent?: string | undefined
  readonly failOn: FailOn
  readonly minSeverity: Severity
  /** All checks there are, for what the intent file names. */
  readonly ids: readonly string[]
}

export interface OpenPolicy {
  readonly policy: Policy
  readonly baselineFile: string
  /** Writes the baseline that accepts these results, where that was asked for. Returns the entries that need a reason. */
  update(results: readonly CheckResult[]): Promise<readonly BaselineEntry[]>
  release(): Promise<void>
}

const NOTHING_INTENDED: Intent = { shared: [], public: [], admin: [] }

/** Reads what the user says about the server. Throws `usage` when a named file is missing or not valid. */
export async function openPolicy(flags: PolicyFlags): Promise<OpenPolicy> {
  const { failOn, minSeverity, ids } = flags
  const baselineFile = flags.baseline ?? BASELINE_FILE
  const optional = flags.baseline === undefined || flags.updateBaseline
  const baseline = await read(baselineFile, optional)
  const intent = flags.intent === undefined ? undefined : await read(flags.intent, false)
  const policy: Policy = {
    baseline: baseline === undefined ? [] : parseBaseline(baseline, baselineFile),
    intent: intent === undefined ? NOTHING_INTENDED : parseIntent(intent, flags.intent ?? '', ids),
    failOn,
    minSeverity,
    today: new Date().toISOString().slice(0, 10),
  }
  const file: ReservedFile | undefined = flags.updateBaseline
    ? await reserve(baselineFile, '--update-baseline')
    : undefined
  return {
    policy,
    baselineFile,
    async update(results) {
      const entries = updateBaseline(policy.baseline, results)
      await file?.write(renderBaseline(entries))
      return entries.filter(({ reason }) => reason.trim() === '')
    },
    release: async () => file?.release(),
  }
}

async function read(file: string, optional: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (optional && code === 'ENOENT') return undefined
    throw new AuthkitError('usage', `${file} cannot be read${code === 'ENOENT' ? ': there is no such file' : ''}.`, {
      cause,
      hint: 'Correct the path, or leave the flag out.',
    })
  }
}
