import { describe, expect } from 'vitest'
import { startDev } from '../../src/dev/start-dev.js'
import { Auth } from '../../src/engine/auth.js'
import { type LocalIssuer, localIssuerOf } from '../../src/identity/local-issuer.js'
import { test } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

/** Starts a server that notes what its `authenticate` is told, and asks it once. */
async function toldBy(root: string, options: { issuer?: boolean; host?: string }) {
  let told: LocalIssuer | undefined
  const auth = new Auth().authenticate(async (request) => {
    told = localIssuerOf(request)
    return { identity: 'a', permissions: [] }
  })
  const common = { root, auth, port: 0, database: ':memory:', authkitEntry: AUTHKIT_ENTRY, version: '0' }
  const server = await startDev({ ...common, onEvent: () => undefined, ...options })
  try {
    await fetch(`${server.url}/threads/count`, { method: 'POST', body: '{}' })
  } finally {
    await server.close()
  }
  return { told, url: server.url }
}

describe('what auth.ts is told of the local issuer', () => {
  for (const host of ['127.0.0.1', '::1'])
    test(`is its address and that of the server on ${host}`, async ({ project }) => {
      const { told, url } = await toldBy(project.root, { host })
      expect(told).toMatchObject({ issuer: `${url}/_authkit/oidc`, audience: url })
    })

  test('is nothing where it is left out', async ({ project }) => {
    expect((await toldBy(project.root, { issuer: false })).told).toBeUndefined()
  })

  test('is nothing where other machines reach the server', async ({ project }) => {
    expect((await toldBy(project.root, { host: '0.0.0.0' })).told).toBeUndefined()
  })

  test('cannot be had where other machines reach the server', async ({ project }) => {
    await expect(toldBy(project.root, { host: '0.0.0.0', issuer: true })).rejects.toMatchObject({ code: 'usage' })
  })
})
