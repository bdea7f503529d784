import { createHmac } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { listenForKeys } from '../../../src/isolation/jwt/listener.js'
import { issue, jwtAuth, PUBLIC_PEM, PUBLISHED, type Verify, verified } from '../support/jwt-auth.js'
import { type Mutant, prove } from '../support/mutant.js'
import { leaking, play } from '../support/play.js'
import { ownerOnly } from '../support/world.js'

const provider = await listenForKeys(() => ({ '/jwks.json': JSON.stringify(PUBLISHED) }))
afterAll(() => provider.close())
const options = {
  tokens: { alice: await issue('user1'), bob: await issue('user2') },
  forging: {
    jwks: `${provider.url}/jwks.json`,
    expired: await issue('user2', { expiresIn: -600 }),
    otherAudience: await issue('user2', { audience: 'another service' }),
  },
}

const subjectOf = (token: string) => String(decodeJwt(token).sub)
const signedWith = (token: string, secret: string) => {
  const [head, body, signature] = token.split('.')
  return createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url') === signature
}
const headerOf = (token: string) => decodeProtectedHeader(token)

/** A verifier with a way around it. */
const unless =
  (hole: (token: string) => boolean | Promise<boolean>): Verify =>
  async (token) =>
    (await hole(token)) ? subjectOf(token) : verified(token)

/** What was verified once is known by its signature. */
function remembering(): Verify {
  const known = new Set<string>()
  return async (token) => {
    const [, , signature = ''] = token.split('.')
    if (known.has(signature) && headerOf(token).alg === 'RS256') return subjectOf(token)
    const subject = await verified(token)
    known.add(signature)
    return subject
  }
}

const trustsItsOwnKey = async (token: string) => {
  const { jwk } = headerOf(token) as { jwk?: JWK }
  if (!jwk) return false
  await compactVerify(token, await importJWK(jwk, 'RS256'))
  return true
}

const holes: Record<string, Verify> = {
  'jwt.alg-none': unless((token) => headerOf(token).alg === 'None'),
  'jwt.claim-edit': remembering(),
  'jwt.expired': (token) => verified(token, { audience: 'agents', currentDate: new Date(0) }),
  'jwt.audience': (token) => verified(token, {}),
  'jwt.kid': unless((token) => headerOf(token).kid?.endsWith('/dev/null') === true && signedWith(token, '')),
  'jwt.embedded-key': unless(trustsItsOwnKey),
  'jwt.alg-confusion': unless((token) => headerOf(token).alg === 'HS256' && signedWith(token, PUBLIC_PEM)),
}

prove(
  'jwt',
  Object.fromEntries(
    Object.entries(holes).map(([id, verify]): [string, Mutant] => [
      id,
      { auth: () => ownerOnly(jwtAuth(verify)), options },
    ]),
  ),
)

describe('forged tokens', () => {
  const checks = CHECKS.filter(({ family }) => family === 'jwt')

  it('are refused by a server that verifies, and none is ever printed', async () => {
    const played = await play({ auth: ownerOnly(jwtAuth()) }, { ...options, checks })
    expect([...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')).toEqual([])
    expect(played.verdicts.size).toBe(7)
    expect(JSON.stringify(played.events)).not.toMatch(/eyJ/)
  })

  it('that only decodes shows that nothing is verified at all', async () => {
    const played = await play({ auth: ownerOnly(jwtAuth(async (token) => subjectOf(token))) }, { ...options, checks })
    expect(leaking(played)).toEqual(checks.map(({ id }) => id).toSorted())
    expect(JSON.stringify(played.events)).not.toMatch(/eyJ/)
  })

  it('that name an address must not make the server call it, even where it refuses them', async () => {
    const asks: Verify = async (token) => {
      const { jku } = headerOf(token)
      if (jku) await (await fetch(jku)).text()
      return verified(token)
    }
    const played = await play({ auth: ownerOnly(jwtAuth(asks)) }, { ...options, checks })
    expect(leaking(played)).toEqual(['jwt.embedded-key'])
  })

  it('are not made out of tokens that are no JWTs', async () => {
    const played = await play({}, { checks })
    expect(new Set(played.verdicts.values())).toEqual(new Set(['skipped']))
  })
})
