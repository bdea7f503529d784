import type { Check, Inspection } from '../../check.js'
import { CREDENTIAL, needsRoutes, rowsOf, undecided } from '../../check-parts/credentials-offered.js'
import { untilRefused } from '../../check-parts/revocation.js'
import { authenticate } from '../../fix.js'
import { del, get, post, succeeded } from '../../probe.js'

const offered = needsRoutes(['GET', '/auth/sessions'], ['DELETE', '/auth/sessions/{id}'])
const disguise = { token: '{forged:session}' }

export const credentialEndedSession: Check = {
  ...CREDENTIAL,
  id: 'credential.ended-session',
  operation: 'access',
  title: 'A session that its user has ended is refused',
  failure: 'A session that its user has ended is still accepted',
  impact: 'Signing out changes nothing for whoever has copied the session: a shared computer stays open.',
  severity: 'high',
  refs: ['API2', '613', 'SESS-06'],
  event: 'authenticate',
  fix: authenticate('keep sessions on the server, and refuse those that were ended'),
  actors: ['nobody'],
  // It ends the session that credential.sessions-other looks at.
  when: 'alone',
  absent(stage) {
    if (!stage.given.has('session')) return 'only with --session-token'
    return stage.settings.signOutPath === undefined ? offered(stage) : undefined
  },
  async inspect(inspection) {
    const { attack, stage } = inspection
    const probe = { ...post('/threads/search', {}), disguise }
    if (!succeeded(await attack(probe))) return undecided('the session was not accepted before it was ended')
    const path = stage.settings.signOutPath ?? `/auth/sessions/${await currentSession(inspection)}`
    for (const id of path.split(/[/?]/)) stage.ledger.reserve({ kind: 'other', id, owner: 'alice' })
    const ended = await attack({ ...(stage.settings.signOutPath === undefined ? del(path) : post(path)), disguise })
    if (ended.status >= 400) return undecided(`the session could not be ended (${ended.status})`)
    return untilRefused(inspection, probe)
  },
}

/** The session that belongs to the token, as the server says. */
async function currentSession({ attack }: Inspection): Promise<string> {
  const rows = rowsOf(await attack({ ...get('/auth/sessions'), disguise }))
  return String(rows.find(({ current }) => current === true)?.['id'] ?? '')
}
