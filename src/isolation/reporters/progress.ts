import type { IsolationEvent } from '../events.js'

/** What a progress line says right now; where and when it is drawn is the caller's. */
export function progressLine(): { add(event: IsolationEvent): void; text(): string } {
  let total = 0
  let done = 0
  let leaks = 0
  return {
    add(event) {
      if (event.kind === 'started') total = event.total
      if (event.kind !== 'checked') return
      done++
      if (event.result.verdict.kind === 'leak') leaks++
    },
    text() {
      if (total === 0) return 'getting to know the server'
      if (done === total) return 'cleaning up'
      return `${done} of ${total} checks${leaks > 0 ? `, ${leaks} leaking` : ''}`
    },
  }
}
