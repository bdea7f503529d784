import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import type { IsolationEvent } from './events.js'
import { htmlReport } from './reporters/html.js'
import { junitReport } from './reporters/junit.js'
import { markdownReport } from './reporters/markdown.js'
import { sarifReport } from './reporters/sarif.js'

export interface OutputOptions {
  readonly version: string
  readonly authFile?: string | undefined
  /** What stayed open fails the build, so JUnit calls it an error. */
  readonly openIsError: boolean
}

/** The reports that are files, by the name of their flag. */
export const FILE_REPORTS = {
  junit: (events, { openIsError }) => junitReport(events, { openIsError }),
  sarif: (events, { version, authFile }) => `${JSON.stringify(sarifReport(events, { version, authFile }), null, 2)}\n`,
  html: (events, { version }) => htmlReport(events, { version }),
  markdown: (events) => markdownReport(events),
} as const satisfies Record<string, (events: readonly IsolationEvent[], options: OutputOptions) => string>

export type FileReport = keyof typeof FILE_REPORTS

export interface Outputs {
  /** Writes all of them, each at once: nobody reads half a report. */
  write(events: readonly IsolationEvent[]): Promise<void>
  /** Gives up what was not written. */
  release(): Promise<void>
}

/**
 * Takes the files that reports will be written to, so that a path that can't be written ends the command before it has
 * sent a request. Throws `usage`.
 */
export async function openOutputs(
  paths: Readonly<Partial<Record<FileReport, string | undefined>>>,
  options: OutputOptions,
): Promise<Outputs> {
  const taken: { report: FileReport; file: ReservedFile }[] = []
  const release = async () => {
    await Promise.all(taken.map(({ file }) => file.release()))
  }
  try {
    for (const [report, path] of Object.entries(paths) as [FileReport, string | undefined][]) {
      if (path === undefined) continue
      const flag = `--${report}`
      const twin = taken.find(({ file }) => file.path === path)
      if (twin) throw new AuthkitError('usage', `--${twin.report} and ${flag} name the same file.`, { hint: HINT })
      taken.push({ report, file: await reserve(path, flag) })
    }
  } catch (error) {
    await release()
    throw error
  }
  return {
    async write(events) {
      for (const { report, file } of taken) await file.write(FILE_REPORTS[report](events, options))
    },
    release,
  }
}

export interface ReservedFile {
  readonly path: string
  write(text: string): Promise<void>
  release(): Promise<void>
}

/** A file beside the one that is wanted; it takes its place when it is complete. Throws `usage`. */
export async function reserve(path: string, flag: string): Promise<ReservedFile> {
  const unwritable = (why: string, cause?: unknown) =>
    new AuthkitError('usage', `${flag}: ${path} cannot be written: ${why}.`, { cause, hint: HINT })
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw unwritable('it is a folder')
  // A pipe or a terminal can't be replaced, and nobody reads half of it.
  if (there && !there.isFile()) return { path, write: (text) => writeFile(path, text), release: async () => {} }
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}`)
  try {
    await (await open(draft, 'wx')).close()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw unwritable(code === 'ENOENT' ? 'its folder does not exist' : String(code), cause)
  }
  return {
    path,
    async write(text) {
      await writeFile(draft, text)
      await rename(draft, path)
    },
    release: () => rm(draft, { force: true }),
  }
}

const HINT = 'Name a file in a folder that exists and that you may write to.'
