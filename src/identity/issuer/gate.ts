const SHORTEST_MS = 1_000
const LONGEST_MS = 30_000

/** Leaves somebody alone who does not answer: after a failure for 1 s, then for 2 s, 4 s, and so on up to 30 s. */
export interface Breaker {
  /** Does it, or fails as it did last while it has to wait. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** How long it has to wait, in milliseconds: 0 where it need not. */
  closedForMs(): number
}

export function createBreaker(): Breaker {
  let failure: unknown
  let failures = 0
  let closedUntil = 0

  const closedForMs = () => Math.max(0, closedUntil - performance.now())

  return {
    closedForMs,
    async run(work) {
      if (closedForMs() > 0) throw failure
      try {
        const result = await work()
        failures = 0
        return result
      } catch (error) {
        failure = error
        // Of those that were on their way together, the first counts.
        if (closedForMs() === 0) closedUntil = performance.now() + Math.min(LONGEST_MS, SHORTEST_MS * 2 ** failures++)
        throw error
      }
    },
  }
}

/** One question: whoever asks while it is being asked gets the same answer, and after a failure it waits, as {@link Breaker}. */
export interface Gate<T> {
  ask(): Promise<T>
  closedForMs(): number
}

export function createGate<T>(question: () => Promise<T>): Gate<T> {
  const breaker = createBreaker()
  let pending: Promise<T> | undefined

  return {
    closedForMs: breaker.closedForMs,
    ask() {
      pending ??= breaker.run(question).finally(() => {
        pending = undefined
      })
      return pending
    },
  }
}
