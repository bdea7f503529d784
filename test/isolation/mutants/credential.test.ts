import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import { credentialRoutes, GIVEN_TOKENS, type Holes } from '../support/credentials.js'
import { type Mutant, prove } from '../support/mutant.js'
import { play } from '../support/play.js'

const options = { given: GIVEN_TOKENS, settings: { revocationWindowMs: 1500 } }

/** Bob gets what is Alice's, of one kind. */
const ofAlice = (kind: string): Holes => ({
  ownerFor: (asked, caller) => (asked === kind && caller === 'user2' ? 'user1' : caller),
})

const holes: Record<string, Holes> = {
  'credential.revoked-key': { keepsRevoked: true },
  'credential.ended-session': { keepsEnded: true },
  'credential.deleted-user': { keepsDeleted: true },
  'credential.role-change': { keepsMembers: true },
  'credential.keys-other': ofAlice('key'),
  'credential.sessions-other': ofAlice('session'),
  'vault.read-other': ofAlice('connection'),
  'vault.use-other': { anyUser: true },
  'vault.flow-swap': { anyFlow: true },
  'space.cross': { viewersWrite: true },
}

prove(
  'credential',
  Object.fromEntries(
    Object.entries(holes).map(([id, hole]): [string, Mutant] => [id, { overlay: credentialRoutes(hole), options }]),
  ),
)

describe('keys, sessions, connections and spaces', () => {
  const checks = CHECKS.filter(({ family }) => family === 'credential')

  it('of an honest server are called isolated, cleared up, and no secret of them is printed', async () => {
    const played = await play({ overlay: credentialRoutes() }, { ...options, checks })
    expect([...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')).toEqual([])
    expect(played.finished.cleanup?.left).toEqual([])
    expect(JSON.stringify(played.events)).not.toMatch(/akit_|issued-|session-of-alice/)
  })

  it('are skipped where the server has none, each with its reason', async () => {
    const played = await play({}, { checks })
    const reasons = played.events.flatMap((event) =>
      event.kind === 'checked' && event.result.verdict.kind === 'skipped' ? [event.result.verdict.reason] : [],
    )
    expect(new Set(played.verdicts.values())).toEqual(new Set(['skipped']))
    expect(reasons).toContain('this server offers no GET /api-keys')
    expect(reasons).toContain('only with --deleted-user-token')
  })

  it('are revoked by a command where HTTP does not do it, and the delay is said', async () => {
    const only = checks.filter(({ id }) => id === 'credential.revoked-key')
    const given = { ...GIVEN_TOKENS, revocable: GIVEN_TOKENS.session }
    const settings = { revocationWindowMs: 0, revokeCommand: 'true' }
    const played = await play({ overlay: credentialRoutes() }, { given, settings, checks: only })
    expect([...played.verdicts]).toEqual([['credential.revoked-key@nobody', 'leak']])
  })
})
