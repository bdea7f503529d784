import { aborted } from './waiting.js'

/** Lets so many jobs go at once; the others wait in line, and leave it when they are called off. */
export function createSlots(free: number) {
  const line = new Set<() => void>()
  return {
    async use<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
      if (free > 0) free--
      else {
        let enter = () => {}
        const entered = new Promise<true>((resolve) => {
          enter = () => resolve(true)
        })
        line.add(enter)
        const mine = await Promise.race([entered, aborted(signal)])
        // Not in line any more: the slot was given to this job, wanted or not.
        if (!mine && line.delete(enter)) return undefined
      }
      try {
        return signal.aborted ? undefined : await job()
      } finally {
        const [next] = line
        if (next) {
          line.delete(next)
          next()
        } else free++
      }
    },
  }
}
