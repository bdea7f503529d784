import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import { type LedgerEntry, OBJECT_KINDS } from './ledger.js'

/**
 * The ledger on disk. Every object is written down before the request that creates it, so that whatever ends the run, a
 * later one can clear up after it. It holds ids and no token, and only its owner may read it.
 */
export interface Journal {
  readonly file: string
  write(entry: LedgerEntry): void
  /** Takes the file away: nothing of the run is left on the server. */
  remove(): void
}

export interface JournalHead {
  readonly runId: string
  readonly target: string
  readonly startedAt: string
}

export interface ReadJournal extends JournalHead {
  readonly entries: readonly LedgerEntry[]
  remove(): void
}

const Head = z.strictObject({ schema: z.literal(1), runId: z.string(), target: z.url(), startedAt: z.string() })

const headerValue = z.union([z.string(), z.array(z.string()), z.null()])
const Entry = z.strictObject({
  kind: z.enum(OBJECT_KINDS),
  id: z.string().min(1),
  owner: z.enum(['alice', 'bob', 'carol', 'nobody', 'junk']),
  thread: z.string().optional(),
  namespace: z.array(z.string()).optional(),
  disguise: z
    .strictObject({
      headers: z.record(z.string(), headerValue).optional(),
      query: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
})

/**
 * Begins a journal. The file is written at once, with mode 0600.
 *
 * @throws AuthkitError `not_writable` where it can't be created: without it nothing may be created on the server.
 */
export function openJournal(file: string, head: JournalHead): Journal {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, line({ schema: 1, ...head }), { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new AuthkitError('not_writable', `The ledger ${file} cannot be written.`, {
      cause,
      hint: 'Name another place with --ledger. It is what lets the suite clear up after a crash.',
    })
  }
  return {
    file,
    write: (entry) => appendFileSync(file, line(entry)),
    remove: () => rmSync(file, { force: true }),
  }
}

/**
 * Reads what a run left behind. A last line that was cut off by a crash is passed over: what it would have named was not
 * created yet.
 *
 * @throws AuthkitError `usage` where the file is missing or no ledger.
 */
export function readJournal(file: string): ReadJournal {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AuthkitError('usage', `The ledger ${file} cannot be read.`, {
      cause,
      hint: 'Give the file that the run named, such as .authkit/isolation-iso3k2dq7.jsonl.',
    })
  }
  const lines = text.split('\n')
  // What stands after the last line break was not written to its end.
  lines.pop()
  const [first, ...rest] = lines.map((one, index) => parsed(index === 0 ? Head : Entry, one))
  const entries = rest.filter((entry) => entry !== undefined) as LedgerEntry[]
  if (!first || entries.length < rest.length) {
    throw new AuthkitError('usage', `${file} is not a ledger of test-isolation.`, {
      hint: 'Give the file that the run named, such as .authkit/isolation-iso3k2dq7.jsonl.',
    })
  }
  return { ...(first as JournalHead), entries, remove: () => rmSync(file, { force: true }) }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

function parsed(schema: z.ZodType, text: string): unknown {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
