const SHORTEST_MS = 1_000
const LONGEST_MS = 30_000

export interface Gate<T> {
  /** Asks, or waits for the answer that somebody asked for already. While it is closed, it fails as it did last. */
  ask(): Promise<T>
  /** How long it stays closed, in milliseconds: 0 while it is open. */
  closedForMs(): number
}

/**
 * Keeps one question from being asked twice at once, and from being asked again soon after it failed: for 1 s, 2 s, 4 s, and
 * so on up to 30 s.
 */
export function createGate<T>(question: () => Promise<T>): Gate<T> {
  let pending: Promise<T> | undefined
  let failure: unknown
  let failures = 0
  let closedUntil = 0

  const closedForMs = () => Math.max(0, closedUntil - performance.now())

  async function attempt(): Promise<T> {
    try {
      const answer = await question()
      failures = 0
      closedUntil = 0
      return answer
    } catch (error) {
      failure = error
      closedUntil = performance.now() + Math.min(LONGEST_MS, SHORTEST_MS * 2 ** failures)
      failures += 1
      throw error
    } finally {
      pending = undefined
    }
  }

  return {
    closedForMs,
    ask() {
      if (pending !== undefined) return pending
      if (closedForMs() > 0) return Promise.reject(failure)
      pending = attempt()
      return pending
    },
  }
}
