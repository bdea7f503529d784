import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { type Started, signIn, test } from './issuer.js'

const BOTH = `import { Auth, firstOf, oidc, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(firstOf(placeholderTokens({ 'user1-token': { identity: 'user1', display_name: 'Alice' } }), oidc()))
  .on('*', ({ user }) => ({ owner: user.identity }))
  .on('threads:create', ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
  })
`

const ask = ({ origin }: Started, token: string, path: string, body: object) =>
  fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('a token of the local issuer, at the API that it is for', () => {
  test('is the same user as the placeholder token, until it is taken back', async ({ start, project }) => {
    await project.write({ 'auth.ts': BOTH })
    const dev = await start({ watch: false })
    const config = await dev.client()
    const [alice, bob] = [await signIn(config, 'user1'), await signIn(config, 'user2')]
    const created = await ask(dev, 'user1-token', '/threads', {})
    expect(created.status).toBe(200)
    const found = async (token: string) => (await (await ask(dev, token, '/threads/search', {})).json()) as unknown[]
    expect([(await found(alice.access_token)).length, (await found(bob.access_token)).length]).toEqual([1, 0])

    await oidc.tokenRevocation(config, alice.refresh_token as string)
    expect((await ask(dev, alice.access_token, '/threads/search', {})).status).toBe(401)
    expect((await ask(dev, bob.access_token, '/threads/search', {})).status).toBe(200)
    // Who the ID token is for is not this server.
    expect((await ask(dev, bob.id_token as string, '/threads/search', {})).status).toBe(401)
    const ready = dev.events.find((event) => event.kind === 'ready')
    expect(ready?.issuer).toMatchObject({ users: [{ identity: 'user1', name: 'Alice' }] })
  })

  test('is known again after a restart, and what was taken back is not', async ({ start, project }) => {
    await project.write({ 'auth.ts': BOTH })
    const before = await start({ watch: false })
    const config = await before.client()
    const [alice, bob] = [await signIn(config, 'user1'), await signIn(config, 'user2')]
    await oidc.tokenRevocation(config, alice.refresh_token as string)
    await before.close()
    const after = await start({ watch: false, port: Number(new URL(before.origin).port) })
    expect((await ask(after, bob.access_token, '/threads/search', {})).status).toBe(200)
    expect((await ask(after, alice.access_token, '/threads/search', {})).status).toBe(401)
  })
})
