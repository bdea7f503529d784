import { printable } from '../../cli/printable.js'
import type { Check } from '../check.js'
import { ok, skipped, wrong } from '../finding.js'
import { targetIn } from '../target-in.js'

export const issuerSame: Check = {
  id: 'issuer.same',
  subject: 'provider',
  title: 'The provider calls itself as it is configured',
  about:
    'Compares the issuer with that of the discovery document, to the letter: a token names the latter, and one slash too many makes another issuer. Keycloak names the address that it was reached under, so an internal and an external address give two issuers.',
  async look(setup) {
    const [target, found] = await Promise.all([targetIn(setup), setup.discovery()])
    if (target?.issuer === undefined || found?.kind !== 'document') return skipped('There is no discovery document.')
    const named = String(found.document['issuer'])
    if (named === target.issuer) return ok(named)
    const message = `The provider calls itself "${printable(named)}", and is configured as "${printable(target.issuer)}".`
    return wrong(message, adviceFor(target.issuer, named), 'issuer_mismatch')
  },
}

function adviceFor(configured: string, named: string): string {
  if (named.includes('{tenantid}')) {
    return 'This address stands for every tenant. Name yours: https://login.microsoftonline.com/<tenant id>/v2.0.'
  }
  if (named.replace(/\/$/, '') === configured.replace(/\/$/, '')) {
    return 'They differ by the slash at the end: write the issuer as the provider does.'
  }
  const external = `Configure "${printable(named)}" as the issuer, in auth.ts too`
  if (URL.canParse(named) && new URL(named).pathname === new URL(configured).pathname) {
    return `${external}: it is the address that browsers use. Where this machine reaches the provider under the other one only, give auth.ts that as discoveryUrl, and set the hostname of the provider (KC_HOSTNAME of Keycloak).`
  }
  return `${external}, if that is the provider you mean.`
}
