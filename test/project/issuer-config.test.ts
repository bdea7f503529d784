import { describe, expect } from 'vitest'
import { readConfig } from '../../src/project/config.js'
import { test } from './temp-project.js'

const file = (clients: unknown) =>
  JSON.stringify({ auth: { path: './auth.ts:auth' }, authkit: { issuer: { clients } } })
const WEB = { id: 'web', redirect_uris: ['http://localhost:3000/callback'] }

describe('authkit.issuer.clients', () => {
  test('is read', async ({ project }) => {
    const uris = ['http://127.0.0.1:3000/a?b=c', 'https://[::1]/callback']
    const clients = [WEB, { id: 'app-2', name: 'The app', redirect_uris: uris }, { ...WEB, id: 'w', name: null }]
    await project.write({ 'auth.ts': '', 'langgraph.json': file(clients) })
    expect((await readConfig(project.root)).authkit.issuer.clients).toEqual([
      { id: 'web', redirectUris: WEB.redirect_uris },
      { id: 'app-2', name: 'The app', redirectUris: uris },
      { id: 'w', redirectUris: WEB.redirect_uris },
    ])
  })

  const callback = (uri: unknown) => [{ id: 'web', redirect_uris: [uri] }]
  for (const [clients, message] of [
    [{}, /clients must be an array of applications/],
    [['web'], /clients\[0\] must be an object/],
    [[WEB, { ...WEB, redirect_uri: 'x', id: 'b' }], /clients\[1\]\.redirect_uri is not a key that authkit knows/],
    [[{ ...WEB, id: '' }], /clients\[0\]\.id must be of letters/],
    [[{ ...WEB, id: 'a b' }], /clients\[0\]\.id must be of letters/],
    [[WEB, WEB], /clients\[1\]\.id is taken: "web"/],
    [[{ ...WEB, id: 'authkit-cli' }], /clients\[0\]\.id is taken: "authkit-cli"/],
    [[{ ...WEB, name: 1 }], /clients\[0\]\.name must be a string/],
    [[{ id: 'web' }], /clients\[0\]\.redirect_uris must be an array/],
    [[{ id: 'web', redirect_uris: [] }], /clients\[0\]\.redirect_uris must be an array/],
    [callback(1), /may hold only addresses on this machine/],
    [callback('/callback'), /may hold only addresses on this machine/],
    [callback('http://app.example/callback'), /may hold only addresses on this machine/],
    [callback('http://localhost.example/callback'), /may hold only addresses on this machine/],
    [callback('http://user@localhost/callback'), /may hold only addresses on this machine/],
    [callback('http://localhost/callback#'), /may hold only addresses on this machine/],
    [callback('ftp://localhost/callback'), /may hold only addresses on this machine/],
  ] as const)
    test(`refuses ${JSON.stringify(clients)}`, async ({ project }) => {
      await project.write({ 'auth.ts': '', 'langgraph.json': file(clients) })
      await expect(readConfig(project.root)).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringMatching(message),
      })
    })
})
