import type { Check } from '../../check.js'
import { CREDENTIAL, needsRoutes, rowsOf, undecided } from '../../check-parts/credentials-offered.js'
import { serverBug } from '../../fix.js'
import { del, get, post, succeeded } from '../../probe.js'

const disguise = { token: '{forged:session}' }

export const credentialSessionsOther: Check = {
  ...CREDENTIAL,
  id: 'credential.sessions-other',
  operation: 'takeover',
  title: "{who} neither sees nor ends Alice's sessions",
  failure: "{who} saw or ended one of Alice's sessions",
  impact: 'He learns where and when she works, and signs her out whenever he likes.',
  severity: 'high',
  refs: ['API1', '639'],
  event: null,
  fix: serverBug('the sessions of other users are listed, or ended by their id alone'),
  actors: ['nobody', 'bob'],
  absent: needsRoutes(['GET', '/auth/sessions']),
  async inspect(inspection) {
    const { alice, attack, as, seen, stage, stated } = inspection
    const ids = rowsOf(await alice(get('/auth/sessions'))).flatMap(({ id }) => (typeof id === 'string' ? [id] : []))
    if (ids.length === 0) return undecided('Alice has no session that she could see')
    for (const value of ids) {
      stage.secrets.plant({ value, slot: 'session id', owner: 'alice', check: credentialSessionsOther.id, hard: false })
    }
    const listed = await attack(get('/auth/sessions'))
    const evidence = seen(listed)
    // Only the session that was given for it may be put at risk: the others are what Alice works with.
    if (!stage.given.has('session')) return evidence
    const own = rowsOf(await as('nobody', { ...get('/auth/sessions'), disguise })).find(
      ({ current }) => current === true,
    )
    const still = { ...post('/threads/search', {}), disguise }
    if (typeof own?.['id'] !== 'string' || !succeeded(await as('nobody', still))) return evidence
    stage.ledger.reserve({ kind: 'other', id: own['id'], owner: 'alice' })
    const ended = await attack(del(`/auth/sessions/${own['id']}`))
    // The other attacker may have ended it at the same time.
    if (listed.actor === 'nobody' && !succeeded(ended)) return evidence
    if (!succeeded(await as('nobody', still))) evidence.push(stated(ended, 'after-check', "Alice's session has ended"))
    return evidence
  },
}
