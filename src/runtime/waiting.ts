/** A longer timeout than this ends at once. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Waits, or until a signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = Date.now() + ms
    let timer = setTimeout(tick, Math.min(ms, MAX_TIMEOUT_MS))
    signal.addEventListener('abort', done, { once: true })
    function tick(): void {
      const left = end - Date.now()
      if (left <= 0) done()
      else timer = setTimeout(tick, Math.min(left, MAX_TIMEOUT_MS))
    }
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** A value if it comes in time, and another where it is late or fails. */
export async function within<T>(ms: number, value: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ms, otherwise)
  })
  try {
    return await Promise.race([value, late])
  } catch {
    return otherwise
  } finally {
    clearTimeout(timer)
  }
}
