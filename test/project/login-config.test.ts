import { describe, expect } from 'vitest'
import { readConfig } from '../../src/project/config.js'
import { test } from './temp-project.js'

const file = (login: unknown) => JSON.stringify({ auth: { path: './auth.ts:auth' }, authkit: { login } })

describe('authkit.login', () => {
  for (const [login, expected] of [
    [{}, {}],
    [{ issuer: null, scope: null }, {}],
    [
      { issuer: 'https://login.example.com', client_id: 'cli' },
      { issuer: 'https://login.example.com', clientId: 'cli' },
    ],
    [
      { provider: 'github', scope: 'read:user  user:email' },
      { provider: 'github', scopes: ['read:user', 'user:email'] },
    ],
    [
      { scope: ['openid'], audience: 'api' },
      { scopes: ['openid'], audience: 'api' },
    ],
  ] as const)
    test(`reads ${JSON.stringify(login)}`, async ({ project }) => {
      await project.write({ 'auth.ts': '', 'langgraph.json': file(login) })
      expect((await readConfig(project.root)).authkit.login).toEqual(expected)
    })

  for (const [login, message] of [
    [{ clientId: 'cli' }, /authkit\.login\.clientId is not a key that authkit knows. Did you mean "client_id"/],
    [{ client_secret: 'x' }, /authkit\.login\.client_secret is not a key that authkit knows/],
    [{ scope: 1 }, /authkit\.login\.scope must be a string such as/],
  ] as const)
    test(`refuses ${JSON.stringify(login)}`, async ({ project }) => {
      await project.write({ 'auth.ts': '', 'langgraph.json': file(login) })
      await expect(readConfig(project.root)).rejects.toThrow(message)
    })
})
