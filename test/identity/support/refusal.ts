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
