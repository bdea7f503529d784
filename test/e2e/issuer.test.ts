import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as oidc from 'openid-client'
import { expect, it } from 'vitest'
import { createPerson, openClient, signIn } from '../issuer/issuer.js'
import { inTempFolder, serve } from './processes.js'

const AUTH = `import { Auth, firstOf, oidc, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(firstOf(placeholderTokens({ 'user1-token': { identity: 'user1', display_name: 'Alice' } }), oidc()))
  .on('*', ({ user }) => ({ owner: user.identity }))
`

it('the built command signs in by code and by device, and its tokens are accepted until they are revoked', async () => {
  await inTempFolder(async (folder) => {
    writeFileSync(join(folder, 'auth.ts'), AUTH)
    const dev = await serve(folder)
    const config = await openClient(`${dev.url}/_authkit/oidc`, 'authkit-cli')
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${dev.url}/threads/search`, { method: 'POST', headers, body: '{}' })).status
    }
    const alice = await signIn(config, 'user1')
    const next = await oidc.refreshTokenGrant(config, alice.refresh_token as string)
    expect([await ask(alice.access_token), await ask(next.access_token)]).toEqual([200, 200])

    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' })
    expect(device).toMatchObject({ expires_in: 600, interval: 2 })
    const person = createPerson()
    const who = await person.submit(await person.open(device.verification_uri), { user_code: device.user_code })
    await person.submit(await person.submit(who, { identity: 'bob' }), { allow: 'yes' })
    expect((await oidc.pollDeviceAuthorizationGrant(config, device)).claims()?.sub).toBe('bob')

    await oidc.tokenRevocation(config, next.refresh_token as string)
    expect([await ask(alice.access_token), await ask(next.access_token)]).toEqual([401, 401])
    // The library of the issuer writes to the console where it is not set up to its liking.
    expect(await dev.printed('/_authkit/oidc/revoke')).not.toMatch(/oidc-provider|WARNING|NOTICE|problem/)
    await dev.stop()
  })
})

it.each([
  ['refuses the issuer where other machines reach it', ['--host', '0.0.0.0', '--issuer'], /is refused on 0\.0\.0\.0/],
])('the built command %s', async (_, args, message) => {
  await inTempFolder(async (folder) => {
    writeFileSync(join(folder, 'auth.ts'), AUTH)
    await expect(serve(folder, ...args)).rejects.toThrow(message)
  })
})
