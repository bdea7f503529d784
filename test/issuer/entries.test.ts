import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openIssuerDatabase } from '../../src/issuer/database.js'
import { createEntries } from '../../src/issuer/entries.js'
import { createSeal } from '../../src/seal/seal.js'

const seal = createSeal()
const indexKey = randomBytes(32).toString('base64url')

async function open() {
  const db = await openIssuerDatabase(':memory:')
  const of = (issuer: string) => createEntries({ db, seal, indexKey, issuer })
  const kinds = of('http://127.0.0.1:1/_authkit/oidc')
  return { db, of, kinds, tokens: kinds('RefreshToken') }
}

describe('an entry', () => {
  it('is found by its id, under its kind and its issuer alone', async () => {
    const { of, kinds, tokens } = await open()
    await tokens.upsert('id', { accountId: 'user1' }, 60)
    expect(await tokens.find('id')).toEqual({ accountId: 'user1' })
    expect(await tokens.find('di')).toBeUndefined()
    expect(await kinds('AccessToken').find('id')).toBeUndefined()
    expect(await of('http://127.0.0.1:2/_authkit/oidc')('RefreshToken').find('id')).toBeUndefined()
  })

  it('is found by the name that a person or a browser has for it', async () => {
    const { kinds } = await open()
    await kinds('Session').upsert('id', { uid: 'u' }, 60)
    await kinds('DeviceCode').upsert('id', { userCode: 'AAAABBBB' }, 60)
    expect(await kinds('Session').findByUid('u')).toEqual({ uid: 'u' })
    expect(await kinds('DeviceCode').findByUserCode('AAAABBBB')).toEqual({ userCode: 'AAAABBBB' })
    expect(await kinds('DeviceCode').findByUid('AAAABBBB')).toBeUndefined()
  })

  it('does not open in the place of another one', async () => {
    const { db, tokens } = await open()
    await tokens.upsert('alice', { accountId: 'user1' }, 60)
    await tokens.upsert('bob', { accountId: 'user2' }, 60)
    const [one, other] = db.prepare('select id, sealed from entries').all() as { id: Buffer; sealed: Buffer }[]
    const write = db.prepare('update entries set sealed = ? where id = ?')
    write.run(one?.sealed, other?.id)
    write.run(other?.sealed, one?.id)
    expect([await tokens.find('alice'), await tokens.find('bob')]).toEqual([undefined, undefined])
  })

  it('goes with its grant', async () => {
    const { kinds, tokens } = await open()
    for (const [id, grantId] of [
      ['a', 'first'],
      ['b', 'first'],
      ['c', 'second'],
    ] as const)
      await tokens.upsert(id, { grantId }, 60)
    await kinds('AccessToken').upsert('d', { grantId: 'first' }, 60)
    await tokens.revokeByGrantId('first')
    const left = [await tokens.find('a'), await tokens.find('b'), await tokens.find('c')]
    expect(left).toEqual([undefined, undefined, { grantId: 'second' }])
    expect(await kinds('AccessToken').find('d')).toBeDefined()
  })

  it('is used once: whoever comes second, even at the same moment, ends the sign-in for both', async () => {
    const { kinds, tokens } = await open()
    await kinds('Grant').upsert('g', { accountId: 'user1' }, 60)
    await tokens.upsert('id', { grantId: 'g' }, 60)
    await tokens.consume('id')
    expect(await tokens.find('id')).toEqual({ grantId: 'g', consumed: expect.any(Number) })
    expect(await kinds('Grant').find('g')).toBeDefined()
    await expect(tokens.consume('id')).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await kinds('Grant').find('g')).toBeUndefined()
  })

  it('stays used when it is written again', async () => {
    const { tokens } = await open()
    await tokens.upsert('id', { grantId: 'g' }, 60)
    await tokens.consume('id')
    await tokens.upsert('id', { grantId: 'g' }, 60)
    expect(await tokens.find('id')).toMatchObject({ consumed: expect.any(Number) })
  })
})
