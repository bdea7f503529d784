import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Starts the load generator. `run` resolves to `{ requests, ms, rps, p50, p99, reconnects }`, and rejects when any answer was not a
 * 2xx. One run at a time.
 */
export function openGenerator() {
  const child = fork(fileURLToPath(new URL('load.js', import.meta.url)))
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the load generator ended'))
        child.once('exit', ended)
        child.once('message', ({ result, error }) => {
          child.off('exit', ended)
          if (error) reject(new Error(`${job.url}: ${error}`))
          else resolve(result)
        })
        child.send({ connections: 64, maxMs: 10_000, ...job })
      }),
    close: () => child.disconnect(),
  }
}
