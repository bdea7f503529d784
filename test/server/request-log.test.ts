import { expect, it } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { serve } from '../support/server.js'

it.each([
  ['authorization', 'Bearer tok-3f9a-very-secret', 'tok-3f9a-very-secret'],
  ['cookie', 'theme=dark; session=cookie-secret-77', 'cookie-secret-77'],
  ['x-api-key', 'key-secret-4711', 'key-secret-4711'],
])('the log does not repeat what auth.ts quotes of the %s header', async (name, value, secret) => {
  const auth = new Auth().authenticate((request) => {
    throw new Error(`cannot verify ${request.headers.get(name)}`)
  })
  const server = await serve({ auth })
  const reply = await server.as(undefined).call('GET', '/threads/x', undefined, { [name]: value })
  expect(reply.status).toBe(401)
  expect(reply.text).not.toContain(secret)
  expect(server.records.at(-1)?.trace.problem).toContain('cannot verify')
  expect(JSON.stringify(server.records)).not.toContain(secret)
})
