import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Check, Inspection } from '../../check.js'
import { CREDENTIAL, makeKey, needsRoutes, undecided } from '../../check-parts/credentials-offered.js'
import { untilRefused } from '../../check-parts/revocation.js'
import { authenticate } from '../../fix.js'
import { del, post, succeeded } from '../../probe.js'
import type { Verdict } from '../../verdict.js'

const offered = needsRoutes(['POST', '/api-keys'], ['DELETE', '/api-keys/{id}'])

export const credentialRevokedKey: Check = {
  ...CREDENTIAL,
  id: 'credential.revoked-key',
  operation: 'access',
  title: 'A key that was revoked is refused',
  failure: 'A key that was revoked is still accepted',
  impact: 'A leaked key can not be stopped: whoever found it keeps reading after its owner has acted.',
  severity: 'critical',
  refs: ['API2', '613'],
  event: 'authenticate',
  fix: authenticate('look keys up on every request, or cache them for a few seconds at most'),
  actors: ['nobody'],
  waits: true,
  absent: (stage) => (stage.given.has('revocable') ? undefined : offered(stage)),
  async inspect(inspection) {
    const { stage } = inspection
    return stage.given.has('revocable') ? givenKey(inspection) : ownKey(inspection)
  },
}

/** A key of this run, revoked over HTTP. */
async function ownKey(inspection: Inspection): Promise<Verdict> {
  const key = await makeKey(inspection, credentialRevokedKey.id, 'revoked-key')
  if ('kind' in key) return key
  return revoked(inspection, 'revoked-key', async () => {
    const { status } = await inspection.alice(del(`/api-keys/${key.id}`))
    return status < 300 ? undefined : `Alice could not revoke her key (${status})`
  })
}

/** The token that the user gave for it, revoked by his own command. */
async function givenKey(inspection: Inspection): Promise<Verdict> {
  return revoked(inspection, 'revocable', async () => {
    const command = inspection.stage.settings.revokeCommand ?? ''
    return promisify(execFile)('/bin/sh', ['-c', command], { timeout: 60_000 }).then(
      () => undefined,
      () => '--revoke-cmd failed',
    )
  })
}

async function revoked(
  inspection: Inspection,
  name: string,
  revoke: () => Promise<string | undefined>,
): Promise<Verdict> {
  const probe = { ...post('/threads/search', {}), disguise: { headers: { authorization: `Bearer {forged:${name}}` } } }
  const before = await inspection.attack(probe)
  if (!succeeded(before)) return undecided(`the key was not accepted before it was revoked (${before.status})`)
  const failure = await revoke()
  return failure === undefined ? untilRefused(inspection, probe) : undecided(failure)
}
