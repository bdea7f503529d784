import { createHash } from 'node:crypto'

/** What was found out about a token. */
export interface Finding<T> {
  readonly value: T
  /** When it must be asked again at the latest, in milliseconds since 1970. */
  readonly until: number
}

/** Remembers for a short time what was found out about tokens, by their digest: never a token itself. */
export interface TokenCache<T> {
  /** What is remembered of the token, or what `find` finds. Whoever asks meanwhile waits for the same. What it throws is not kept. */
  get(token: string, find: () => Promise<Finding<T>>): Promise<T>
}

/** As many tokens as are remembered. What was found longest ago is forgotten for a new one. */
const LARGEST = 2_000

export function createTokenCache<T>(): TokenCache<T> {
  const entries = new Map<string, { finding: Promise<Finding<T>>; until: number }>()

  return {
    async get(token, find) {
      const digest = createHash('sha256').update(token).digest('base64')
      const known = entries.get(digest)
      if (known && Date.now() < known.until) return (await known.finding).value
      const finding = find()
      const entry = { finding, until: Number.POSITIVE_INFINITY }
      entries.delete(digest)
      entries.set(digest, entry)
      for (const oldest of entries.keys()) {
        if (entries.size <= LARGEST) break
        entries.delete(oldest)
      }
      try {
        const { value, until } = await finding
        entry.until = until
        return value
      } catch (error) {
        if (entries.get(digest) === entry) entries.delete(digest)
        throw error
      }
    },
  }
}
