import type { Check } from '../../check.js'
import { CREDENTIAL, firstOf, needsRoutes } from '../../check-parts/credentials-offered.js'
import { serverBug } from '../../fix.js'
import { field, get, post } from '../../probe.js'
import type { Verdict } from '../../verdict.js'

/** A field that no list may hold. */
const SECRET_FIELD = /"(access_token|refresh_token|client_secret|secret)"\s*:\s*"[^"]{8,}"/

export const vaultReadOther: Check = {
  ...CREDENTIAL,
  id: 'vault.read-other',
  operation: 'read',
  title: "{who} does not see Alice's connections to other services",
  failure: "{who} saw one of Alice's connections to other services",
  impact: 'He acts as Alice at the other service: her mail, her documents, her code.',
  severity: 'critical',
  refs: ['API1', '639', '522'],
  event: null,
  fix: serverBug('connections of other users are listed, or read by their id alone'),
  actors: ['nobody', 'bob'],
  absent: needsRoutes(['GET', '/connections']),
  async inspect({ alice, adopt, attack, seen, stage, stated, scene }) {
    const hers = await firstOf({ alice }, '/connections')
    if (!hers) return NOTHING
    const plant = (value: unknown, slot: string, hard: boolean) => {
      if (typeof value !== 'string' || value.length < 8) return
      stage.secrets.plant({ value, slot, owner: 'alice', hard })
    }
    plant(hers.id, 'connection id', false)
    plant(hers.row['label'], 'connection label', true)
    plant(hers.row['account'], 'connection account', false)
    const path = `/connections/${hers.id}`
    const token = field(await alice(post(`${path}/token`)), 'access_token')
    if (typeof token === 'string') {
      adopt(`connection-${scene.marker}`, token)
      plant(token, 'connection token', true)
    }
    const evidence = []
    for (const probe of [get('/connections'), get(path), post(`${path}/token`)])
      evidence.push(...seen(await attack(probe)))
    if (SECRET_FIELD.test(hers.listed.body)) {
      evidence.push(stated(hers.listed, 'list', 'a secret stands in the list, for its owner to copy'))
    }
    return evidence
  },
}

const NOTHING: Verdict = { kind: 'skipped', reason: 'Alice has no connection to another service' }
