import * as oidc from 'openid-client'
import { describe, expect, vi } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import { devJson } from '../../src/dev/report-json.js'
import { devText } from '../../src/dev/report-text.js'
import { beginSignIn, createPerson, signIn, test } from './issuer.js'

describe('what the terminal shows', () => {
  test('of a sign-in is method, path and status: no code, no token, no cookie', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    const tokens = await signIn(config, 'user1', {}, person)
    await oidc.fetchUserInfo(config, tokens.access_token, 'user1')
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token as string)
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
    const waiting = await person.open(device.verification_uri_complete as string)
    const { url } = await person.submit(waiting, { user_code: device.user_code })
    const printed = dev.events.flatMap((event) => [devText(event, createStyle(false)), devJson(event)]).join('\n')
    expect(printed).toMatch(/303 +GET +\/_authkit\/oidc\/authorize +-/)
    expect(printed).toContain('/_authkit/oidc/interaction/..')
    for (const secret of [
      ...[tokens.access_token, tokens.refresh_token, next.refresh_token, device.device_code, device.user_code],
      new URL(url).pathname.split('/').at(-1),
      ...[...person.cookies.values()].map(({ value }) => value),
    ])
      expect(printed).not.toContain(secret)
  })

  test('is nothing of what oidc-provider says to whoever has not set it up', async ({ dev }) => {
    const said = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name))
    const warned: unknown[] = []
    const onWarning = (warning: unknown) => warned.push(warning)
    process.on('warning', onWarning)
    const config = await dev.client()
    const person = createPerson()
    const redirect_uri = 'http://localhost:3000/callback'
    const tokens = await signIn(await dev.client('web'), 'user1', { redirect_uri }, person)
    await oidc.fetchUserInfo(config, tokens.access_token, 'user1')
    await oidc.refreshTokenGrant(await dev.client('web'), tokens.refresh_token as string)
    await oidc.tokenRevocation(await dev.client('web'), tokens.refresh_token as string)
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
    const who = await person.submit(await person.open(device.verification_uri), { user_code: device.user_code })
    await person.submit(await person.submit(who, { identity: 'user1' }), { allow: 'yes' })
    await person.submit(await person.open(`${dev.issuer}/sign-out`), { logout: 'yes' })
    await person.open((await beginSignIn(config, { client_id: 'unknown' })).url)
    await fetch(`${dev.issuer}/token`, { method: 'POST', headers: { origin: 'https://a.example' }, body: 'x' })
    process.off('warning', onWarning)
    expect(said.flatMap(({ mock }) => mock.calls)).toEqual([])
    expect(warned).toEqual([])
    expect(dev.events.filter(({ kind }) => kind === 'problem')).toEqual([])
  })
})

describe('the banner', () => {
  const banner = (events: Parameters<typeof devText>[0][]) => {
    const ready = events.find(({ kind }) => kind === 'ready')
    return ready ? { text: devText(ready, createStyle(false)) ?? '', json: JSON.parse(devJson(ready)) } : undefined
  }

  test('says where to sign in, and who there is', async ({ dev }) => {
    const { text, json } = banner([...dev.events]) ?? {}
    expect(text).toContain(`Sign-in     ${dev.issuer}  local issuer: Alice, Bob`)
    const users = [
      { identity: 'user1', name: 'Alice' },
      { identity: 'user2', name: 'Bob' },
    ]
    expect(json.issuer).toEqual({ url: dev.issuer, users })
  })

  test('is silent about what was left out, which is not there', async ({ start }) => {
    const dev = await start({ issuer: false, watch: false, database: ':memory:' })
    expect(banner([...dev.events])?.text).not.toContain('Sign-in')
    expect(banner([...dev.events])?.json.issuer).toBeNull()
    expect((await fetch(`${dev.issuer}/.well-known/openid-configuration`)).status).toBe(401)
  })

  test('says why there is none where other machines reach the server', async ({ start }) => {
    const dev = await start({ host: '0.0.0.0', watch: false, database: ':memory:' })
    expect(banner([...dev.events])?.text).toContain('Sign-in     no local issuer: other machines can reach this server')
    expect((await fetch(`${dev.issuer}/.well-known/openid-configuration`)).status).toBe(401)
  })
})
