import { readdir, readFile, stat } from 'node:fs/promises'
import Database from 'better-sqlite3'
import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { beginSignIn, createPerson, partsOf, type Started, signIn, test } from './issuer.js'

const refresh = (config: oidc.Configuration, { refresh_token }: oidc.TokenEndpointResponse) =>
  oidc.refreshTokenGrant(config, refresh_token as string)
const keysOf = async ({ issuer }: Started) => (await (await fetch(`${issuer}/jwks`)).json()) as { keys: object[] }
const portOf = ({ origin }: Started) => Number(new URL(origin).port)

describe('a restart', () => {
  test('signs nobody out: keys, refresh tokens, access tokens and browsers are known again', async ({ start }) => {
    const before = await start({ watch: false })
    const person = createPerson()
    const [tokens, web] = [
      await signIn(await before.client(), 'user1', {}, person),
      await signIn(await before.client('web'), 'user1', { redirect_uri: 'http://localhost:3000/callback' }, person),
    ]
    const keys = await keysOf(before)
    await before.close()

    const after = await start({ watch: false, port: portOf(before) })
    const config = await after.client()
    expect(await keysOf(after)).toEqual(keys)
    await expect(oidc.fetchUserInfo(config, tokens.access_token, 'user1')).resolves.toBeDefined()
    await expect(refresh(config, tokens)).resolves.toBeDefined()
    await expect(refresh(await after.client('web'), web)).resolves.toBeDefined()
    expect((await person.open(after.issuer)).text).toContain('signed in as <strong>Alice</strong>')
  })

  test('remembers what was used and what was revoked', async ({ start }) => {
    const before = await start({ watch: false })
    const config = await before.client()
    const [used, revoked] = [await signIn(config, 'user1'), await signIn(config, 'user2')]
    const next = await refresh(config, used)
    await oidc.tokenRevocation(config, revoked.refresh_token as string)
    await before.close()
    const after = await (await start({ watch: false, port: portOf(before) })).client()
    for (const tokens of [used, revoked, next]) await expect(refresh(after, tokens)).rejects.toThrow()
  })

  test('under another root key signs everyone out, and says so', async ({ start }) => {
    const before = await start({ watch: false })
    const tokens = await signIn(await before.client(), 'user1')
    const keys = await keysOf(before)
    await before.close()
    process.env['AUTHKIT_ROOT_KEY'] = Buffer.alloc(32, 7).toString('base64')
    try {
      const after = await start({ watch: false, port: portOf(before) })
      await expect(refresh(await after.client(), tokens)).rejects.toMatchObject({ error: 'invalid_grant' })
      expect(await keysOf(after)).not.toEqual(keys)
      const problems = after.events.filter((event) => event.kind === 'problem')
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('The root key is another one')])
      await expect(signIn(await after.client(), 'user1')).resolves.toBeDefined()
    } finally {
      delete process.env['AUTHKIT_ROOT_KEY']
    }
  })

  test('with a database in memory begins anew', async ({ start, project }) => {
    const before = await start({ watch: false, database: ':memory:' })
    const tokens = await signIn(await before.client(), 'user1')
    await before.close()
    const after = await start({ watch: false, database: ':memory:', port: portOf(before) })
    await expect(refresh(await after.client(), tokens)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await readdir(project.root)).not.toContain('.authkit')
  })
})

describe('two servers at once', () => {
  test('on one project have the same keys, and nothing else in common', async ({ start }) => {
    const [one, other] = [await start({ watch: false }), await start({ watch: false })]
    // Both make the keys at this moment.
    const [first, second] = await Promise.all([keysOf(one), keysOf(other)])
    expect(first).toEqual(second)
    const tokens = await signIn(await one.client(), 'user1')
    await expect(refresh(await other.client(), tokens)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(oidc.fetchUserInfo(await other.client(), tokens.access_token, 'user1')).rejects.toMatchObject({
      status: 401,
    })
    await expect(refresh(await one.client(), tokens)).resolves.toBeDefined()
  })

  test('do not take each other from the browser, which sends cookies to every port', async ({ start }) => {
    const [one, other] = [await start({ watch: false }), await start({ watch: false })]
    const person = createPerson()
    await signIn(await one.client(), 'user1', {}, person)
    await signIn(await other.client(), 'user2', {}, person)
    expect((await person.open(one.issuer)).text).toContain('signed in as <strong>Alice</strong>')
    expect((await person.open(other.issuer)).text).toContain('signed in as <strong>Bob</strong>')
  })
})

describe('what lies on disk', () => {
  test('is for its owner alone, and holds nothing that lets anyone in', async ({ start, project }) => {
    const dev = await start({ watch: false })
    const config = await dev.client()
    const person = createPerson()
    const first = await signIn(config, 'user1', {}, person)
    const second = await refresh(config, first)
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
    const { url } = await person.open((await beginSignIn(config)).url)
    const secrets = [
      first.refresh_token,
      second.refresh_token,
      second.access_token,
      partsOf(second.access_token).payload['jti'],
      device.device_code,
      device.user_code.replace('-', ''),
      new URL(url).pathname.split('/').at(-1),
      ...[...person.cookies.values()].map(({ value }) => value),
      'user1',
      '"kty"',
    ]
    await dev.close()
    const folder = project.path('.authkit')
    const files = (await readdir(folder)).filter((name) => name.startsWith('issuer.db'))
    expect(files).toContain('issuer.db')
    for (const name of files) {
      expect((await stat(`${folder}/${name}`)).mode & 0o077).toBe(0)
      const content = await readFile(`${folder}/${name}`, 'latin1')
      for (const secret of secrets) expect(content.includes(String(secret)), String(secret)).toBe(false)
    }
  })

  test('does not grow for ever', async ({ start, project }) => {
    const dev = await start({ watch: false })
    await signIn(await dev.client(), 'user1')
    await dev.close()
    const db = new Database(project.path('.authkit/issuer.db'))
    const count = db.prepare('select count(*) from entries').pluck()
    db.prepare('update entries set expires_at = expires_at - 1000 * 86400').run()
    const old = count.get() as number
    const after = await start({ watch: false, port: portOf(dev) })
    await createPerson().open((await beginSignIn(await after.client())).url)
    expect(old).toBeGreaterThan(2)
    expect(count.get()).toBe(1)
    db.close()
  })

  test('that is no database, or newer than this authkit, is said once and left alone', async ({ start, project }) => {
    const dev = await start({ watch: false })
    await dev.client()
    await dev.close()
    const path = project.path('.authkit/issuer.db')
    const db = new Database(path)
    db.pragma('user_version = 99')
    db.close()
    const after = await start({ watch: false })
    const answer = await fetch(`${after.issuer}/jwks`)
    expect(answer.status).toBe(500)
    const requests = after.events.filter((event) => event.kind === 'request')
    expect(requests.at(-1)?.record.trace.problem).toContain('newer authkit')
    await project.write({ '.authkit/issuer.db': 'this is a text, and no database at all'.repeat(100) })
    expect((await fetch(`${after.issuer}/jwks`)).status).toBe(500)
  })
})
