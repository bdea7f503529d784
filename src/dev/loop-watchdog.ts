import type { Worker } from 'node:worker_threads'
import { printable } from '../cli/printable.js'

/** Notices from a thread of its own when a graph keeps this one from doing anything else. */
export interface LoopWatchdog {
  /** A run of this graph has begun. The first call starts the thread. */
  began(runId: string, graphId: string): void
  ended(runId: string): void
  close(): Promise<void>
}

export interface WatchdogOptions {
  /** How long nothing may have moved before it is said. */
  readonly warnMs?: number
  /** And before the process is ended, because nothing else could end it in order: a signal is handled on the same thread. */
  readonly endMs?: number
  /** How often it is looked whether something moved. */
  readonly lookMs?: number
}

/** Places of the numbers that both threads see. */
const BEAT = 0
const DEBUGGED = 1
const CLOSED = 2
const LENGTH = 3

/** How much of the names of running graphs can be told. */
const NAMES_BYTES = 1024

/** A wait that took this much longer than it should says nothing about the other thread: the machine slept. */
const OVERSLEPT_MS = 1500

/** How long the process has to end by itself. */
const LAST_MS = 1500

/**
 * Watches the event loop while runs go. A graph that computes without end, or waits without `await`, stops every request
 * and even Ctrl-C: the thread says so on stderr by itself, and ends the process when it goes on, with exit code 1.
 *
 * Each look counts as nothing more than itself, so a machine that slept is not taken for a loop that hangs; and where a
 * debugger is attached, standing still is the point.
 *
 * @example
 * const watchdog = createLoopWatchdog()
 * openRuntime({ onRunStart: ({ runId, graphId }) => watchdog.began(runId, graphId), ... })
 */
export function createLoopWatchdog({
  warnMs = 5000,
  endMs = 60_000,
  lookMs = 500,
}: WatchdogOptions = {}): LoopWatchdog {
  const numbers = new Int32Array(new SharedArrayBuffer(16))
  const names = new Uint8Array(new SharedArrayBuffer(NAMES_BYTES))
  const running = new Map<string, string>()
  let worker: Worker | undefined
  let heart: NodeJS.Timeout | undefined

  function start(): void {
    // Not imported: nobody needs these to start. And not later either: the run that follows may be the one.
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const { url } = process.getBuiltinModule('node:inspector')
    heart = setInterval(() => {
      Atomics.store(numbers, DEBUGGED, url() === undefined ? 0 : 1)
      Atomics.add(numbers, BEAT, 1)
    }, lookMs / 2).unref()
    const workerData = { numbers, names, warnMs, endMs, lookMs, OVERSLEPT_MS, LAST_MS, BEAT, DEBUGGED, CLOSED, LENGTH }
    // As text, so that it is the same from the sources and from the bundle.
    worker = new Worker(WATCH, { eval: true, workerData, env: {}, execArgv: [], stdin: false })
    worker.unref()
    // Where no thread can be had, nobody watches; that is no reason to end anything.
    worker.on('error', () => clearInterval(heart))
  }

  function tell(): void {
    const counts = new Map<string, number>()
    for (const graph of running.values()) counts.set(graph, (counts.get(graph) ?? 0) + 1)
    const text = [...counts]
      .map(([graph, count]) => printable(graph) + (count > 1 ? ` (${count} runs)` : ''))
      .join(', ')
    const { written } = new TextEncoder().encodeInto(text, names)
    Atomics.store(numbers, LENGTH, written)
  }

  return {
    began(runId, graphId) {
      if (!worker) start()
      running.set(runId, graphId)
      tell()
    },
    ended(runId) {
      if (running.delete(runId)) tell()
    },
    async close() {
      clearInterval(heart)
      Atomics.store(numbers, CLOSED, 1)
      Atomics.notify(numbers, CLOSED)
      await worker?.terminate()
    },
  }
}

/** The thread. It has no loop of its own to be asked by, so it looks, and writes to stderr without anybody's help. */
const WATCH = `
const { writeSync } = require('node:fs')
const { workerData } = require('node:worker_threads')
const { numbers, names, warnMs, endMs, lookMs, OVERSLEPT_MS, LAST_MS, BEAT, DEBUGGED, CLOSED, LENGTH } = workerData
const say = (line) => {
  try { writeSync(2, line + '\\n') } catch {}
}
const seconds = (ms) => Math.round(ms / 100) / 10 + ' s'

let still = 0
let said = false
let last = Atomics.load(numbers, BEAT)
let ending = false
while (!ending && Atomics.load(numbers, CLOSED) === 0) {
  const before = performance.now()
  // In its full length, because nobody notifies this place before it is over.
  Atomics.wait(numbers, CLOSED, 0, lookMs)
  const overslept = performance.now() - before > lookMs + OVERSLEPT_MS
  const beat = Atomics.load(numbers, BEAT)
  if (beat !== last || Atomics.load(numbers, DEBUGGED) === 1) {
    if (said) say('authkit dev: the server answers again.')
    last = beat
    still = 0
    said = false
    continue
  }
  if (overslept) continue
  still += lookMs
  if (still >= endMs) ending = true
  else if (still >= warnMs && !said) {
    said = true
    say('authkit dev: nothing has been answered for ' + seconds(still) + ': a graph computes without ever waiting.'
      + ' Running: ' + running() + '. The process is ended when that lasts ' + seconds(endMs) + '.')
  }
}
if (ending) end()

function running() {
  return new TextDecoder().decode(names.slice(0, Atomics.load(numbers, LENGTH))) || 'no run'
}

function end() {
  say('authkit dev: nothing has been answered for ' + seconds(still) + ': ending the process. Running: ' + running() + '.')
  // Where JavaScript runs it can be interrupted, by what debuggers use, and the exit code is ours. Where it is stuck in
  // native code it can't be, and nothing is left but to kill it.
  const kill = setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_MS)
  try {
    const { Session } = require('node:inspector')
    const session = new Session()
    session.connectToMainThread()
    // A debugger may have been attached since the last beat: whoever did that is looking into it.
    const expression = "require('node:inspector').url() === undefined ? process.exit(1) : 'debugged'"
    session.post('Runtime.evaluate', { expression, includeCommandLineAPI: true }, (error, answer) => {
      if (answer?.result?.value !== 'debugged') return
      clearTimeout(kill)
      say('authkit dev: a debugger is attached, so the process is left to it.')
    })
  } catch {}
}
`
