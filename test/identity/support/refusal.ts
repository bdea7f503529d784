import type { ServerResponse } from 'node:http'
import { expect } from 'vitest'
import { AuthError } from '../../../src/identity/auth-error.js'

/** What a call was refused with. Fails where it was let in, or fell over. */
export async function refusalFrom(call: Promise<unknown>): Promise<AuthError> {
  const thrown = await call.then(
    (user) => expect.unreachable(`let in as ${JSON.stringify(user)}`),
    (error: unknown) => error,
  )
  if (!(thrown instanceof AuthError)) throw thrown
  return thrown
}

type Answer = (response: ServerResponse) => void

/** JSON in the place of what a provider would say, made when it is asked. */
export function answerWith(body: (() => unknown) | object, status = 200): Answer {
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(typeof body === 'function' ? body() : body))
}

export function answerWithStatus(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => void response.writeHead(status, headers).end('{}')
}
