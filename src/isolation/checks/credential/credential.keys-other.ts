import type { Check } from '../../check.js'
import { CREDENTIAL, makeKey, needsRoutes, rowsOf } from '../../check-parts/credentials-offered.js'
import { serverBug } from '../../fix.js'
import { del, get, patch, succeeded } from '../../probe.js'

export const credentialKeysOther: Check = {
  ...CREDENTIAL,
  id: 'credential.keys-other',
  operation: 'takeover',
  title: "{who} neither sees nor touches Alice's keys",
  failure: "{who} saw or touched one of Alice's keys",
  impact: 'He learns which keys she has, and takes them from her: every program of hers stops.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: null,
  fix: serverBug('the keys of other users are listed, or changed by their id alone'),
  actors: ['nobody', 'bob'],
  absent: needsRoutes(['GET', '/api-keys'], ['POST', '/api-keys'], ['DELETE', '/api-keys/{id}']),
  async inspect(inspection) {
    const { attack, alice, seen, stated, scene } = inspection
    const key = await makeKey(inspection, credentialKeysOther.id, `other-key-${scene.marker}`)
    if ('kind' in key) return key
    const path = `/api-keys/${key.id}`
    const listed = await attack(get('/api-keys'))
    const attacks = [listed]
    for (const probe of [get(path), patch(path, { name: scene.marker }), del(path)]) attacks.push(await attack(probe))
    const evidence = attacks.flatMap(seen)
    if (rowsOf(listed).some(({ last4 }) => last4 === key.last4)) {
      evidence.push(stated(listed, 'key', "a key with the last characters of Alice's"))
    }
    const after = await alice(get('/api-keys'))
    const mine = rowsOf(after).find(({ id }) => id === key.id)
    const guilty = attacks.filter(({ probe }) => probe.method !== 'GET').find(succeeded) ?? listed
    if (succeeded(after) && !mine) evidence.push(stated(guilty, 'after-check', "Alice's key is gone"))
    else if (mine?.['name'] === scene.marker) evidence.push(stated(guilty, 'after-check', "Alice's key has a new name"))
    return evidence
  },
}
