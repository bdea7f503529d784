import { type PlantedSecret, type Secrets, spellings } from '../canary.js'

/**
 * The strings that only Alice's answers have, and the search for them. Unlike planted markers they may be part of longer
 * words, so they count only where they stand alone.
 */
export function createPool(): Secrets & { readonly size: number; values(): readonly PlantedSecret[] } {
  const known = new Map<string, PlantedSecret>()
  const found = (texts: readonly string[], sent: readonly string[]): PlantedSecret[] => {
    const received = texts.flatMap(spellings).map((text) => text.toLowerCase())
    const echoed = sent.flatMap(spellings).map((text) => text.toLowerCase())
    return [...known.values()].filter(
      ({ value }) => received.some((text) => stands(text, value)) && !echoed.some((text) => text.includes(value)),
    )
  }
  return {
    plant(secret) {
      const value = secret.value.toLowerCase()
      if (!known.has(value)) known.set(value, { ...secret, value })
    },
    foreign: (actor, received, sent) => found(received, sent).filter(({ owner }) => owner !== actor),
    of: (owner, received, sent) => found(received, sent).filter((secret) => secret.owner === owner),
    // Nothing that was harvested could come from what Bob wrote.
    storedBy: () => undefined,
    get size() {
      return known.size
    },
    values: () => [...known.values()],
  }
}

/** Whether `value` is in the text and no part of a longer word. */
export function stands(text: string, value: string): boolean {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (!/[a-z0-9]/.test(text.charAt(at - 1)) && !/[a-z0-9]/.test(text.charAt(at + value.length))) return true
  }
  return false
}
