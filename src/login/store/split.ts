import { createHash } from 'node:crypto'

/** Named texts that each are written whole or not at all: what a keychain is. */
export interface Entries {
  get(name: string): Promise<string | undefined>
  set(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
}

/** What is long is kept in one of two rows of parts, and the entry of the name says in which. */
const ROWS = ['a', 'b'] as const
type Row = (typeof ROWS)[number]

interface Head {
  readonly row: Row
  readonly parts: number
  readonly sha256: string
}

/** How often a read begins again because somebody wrote meanwhile. */
const READS = 5

/**
 * Entries of any length out of entries of at most `limit` bytes. A text that is too long is split over `name#a.1`,
 * `name#a.2` ... or `name#b.1` ...: the new parts go where the old ones are not, then the entry of the name changes from
 * one row to the other, then the old parts go. So whatever ends the process, a read gives the old text or the new one.
 *
 * Parts are written from the first and taken away from the last, so what a crash leaves behind has no gaps, and the next
 * write or removal finds all of it.
 *
 * One writer at a time; readers at any time.
 *
 * @param limit In bytes, for texts of ASCII. Without one nothing is split.
 */
export function splitEntries(entries: Entries, limit: number): Entries {
  const part = (name: string, row: Row, index: number) => `${name}#${row}.${index}`

  /** How many parts there are in a row, whoever wrote them. */
  async function lengthOf(name: string, row: Row): Promise<number> {
    for (let index = 1; ; index++) if ((await entries.get(part(name, row, index))) === undefined) return index - 1
  }

  async function shorten(name: string, row: Row, length: number): Promise<void> {
    for (let last = await lengthOf(name, row); last > length; last--) await entries.remove(part(name, row, last))
  }

  async function shortenAll(name: string): Promise<void> {
    if (limit === Number.POSITIVE_INFINITY) return
    for (const row of ROWS) await shorten(name, row, 0)
  }

  async function join(name: string, { row, parts, sha256 }: Head): Promise<string | undefined> {
    const texts: string[] = []
    for (let index = 1; index <= parts; index++) texts.push((await entries.get(part(name, row, index))) ?? '')
    const text = texts.join('')
    return sha256Of(text) === sha256 ? text : undefined
  }

  return {
    /** @throws RangeError where parts are missing, or are not those that belong together. */
    async get(name) {
      for (let read = 0; read < READS; read++) {
        const text = await entries.get(name)
        const head = headOf(text)
        if (!head) return text
        const joined = await join(name, head)
        if (joined !== undefined) return joined
      }
      throw new RangeError('Parts are missing, or do not belong together.')
    },

    async set(name, text) {
      if (text.length <= limit) {
        await entries.set(name, text)
        return shortenAll(name)
      }
      const before = headOf(await entries.get(name))
      const [row, other] = before?.row === 'a' ? (['b', 'a'] as const) : (['a', 'b'] as const)
      const parts = Math.ceil(text.length / limit)
      for (let index = 0; index < parts; index++) {
        await entries.set(part(name, row, index + 1), text.slice(index * limit, (index + 1) * limit))
      }
      await entries.set(name, `split:${row}:${parts}:${sha256Of(text)}`)
      await shorten(name, row, parts)
      await shorten(name, other, 0)
    },

    async remove(name) {
      await entries.remove(name)
      await shortenAll(name)
    },
  }
}

function headOf(text: string | undefined): Head | undefined {
  const [, row, parts, sha256] = /^split:([ab]):(\d+):(\w+)$/.exec(text ?? '') ?? []
  return row ? { row: row as Row, parts: Number(parts), sha256: sha256 as string } : undefined
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
