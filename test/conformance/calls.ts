import type { Call } from './call.js'
import { assistantCalls } from './calls/assistants.js'
import { cronCalls } from './calls/crons.js'
import { runCalls } from './calls/runs.js'
import { storeCalls } from './calls/store.js'
import { threadCalls } from './calls/threads.js'

/** Every method of the official client, called in the ways that its users do. */
export const calls: readonly Call[] = [...assistantCalls, ...threadCalls, ...runCalls, ...cronCalls, ...storeCalls]
