import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { IsolationEvent } from '../isolation/events.js'
import { type JsonReport, jsonReport } from '../isolation/reporters/json.js'
import { openTestServer } from './open-test-server.js'
import type { IsolationOptions, Target } from './options.js'
import { play } from './run-suite.js'
import type { TestServer, TestServerOptions } from './test-server.js'

export type { JsonCheck, JsonReport } from '../isolation/reporters/json.js'
export type { InProcess, IsolationOptions, Target } from './options.js'
export { type TestContext, type TestIsolationOptions, type TestRunner, testIsolation } from './test-isolation.js'
export type { TestServer, TestServerOptions } from './test-server.js'

/**
 * Your project as `authkit dev` serves it, in this process: auth.ts is bundled and loaded in the same way, placeholder tokens
 * work, the database is in memory, and there is no port.
 *
 * @param source The auth file as langgraph.json writes it (`./auth.ts`, `./src/auth.ts:rules`), relative to the current
 *   folder; or the folder of a project, or its langgraph.json; or an Auth object. The placeholder tokens of an Auth object
 *   that you imported refuse everyone, as everywhere outside of dev: give its file instead.
 * @throws AuthkitError where the project is set up wrong, or its auth file does not load.
 * @example
 * const server = await createTestServer('./auth.ts')
 * const answer = await server.fetch('/threads/search', { method: 'POST', headers: { authorization: 'Bearer user1-token' } })
 * await server.close()
 */
export async function createTestServer(
  source: string | URL | object,
  options: TestServerOptions = {},
): Promise<TestServer> {
  return openTestServer(source, { ...options, authkitEntry: authkitEntry(), version: version() })
}

/**
 * Plays the isolation suite and returns its report, the document that `authkit test-isolation --json` prints.
 *
 * @throws AuthkitError `usage` for a selection, a URL or tokens that can't be, `target_refused` for a server elsewhere,
 *   `target_unreachable` for a name that nobody knows.
 * @example
 * const { summary, exitCode } = await runIsolation('http://127.0.0.1:2024', { only: ['thread.*'] })
 */
export async function runIsolation(target: Target, options: IsolationOptions = {}): Promise<JsonReport> {
  const events: IsolationEvent[] = []
  for await (const event of play(target, options)) events.push(event)
  return jsonReport(events, { version: version() })
}

/** The module that `import "authkit"` means in dev: built beside this file, or the source itself. */
function authkitEntry(): string {
  const built = fileURLToPath(new URL('../authkit-in-dev.js', import.meta.url))
  return existsSync(built) ? built : fileURLToPath(new URL('../authkit-in-dev.ts', import.meta.url))
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
