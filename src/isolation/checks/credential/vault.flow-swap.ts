import type { Check, Inspection } from '../../check.js'
import { CREDENTIAL, needsRoutes, rowsOf, undecided } from '../../check-parts/credentials-offered.js'
import { serverBug } from '../../fix.js'
import { field, get, json, post, succeeded } from '../../probe.js'

export const vaultFlowSwap: Check = {
  ...CREDENTIAL,
  id: 'vault.flow-swap',
  operation: 'takeover',
  title: 'A consent that Alice began is not completed by Bob, nor his by her',
  failure: 'A consent that one user began was completed by the other',
  impact:
    "An account is bound to the wrong user: Bob's agent works with Alice's account, or she fills his with her data.",
  severity: 'critical',
  refs: ['API1', '352', '384'],
  event: null,
  fix: serverBug('the callback does not compare who began the flow with who ends it'),
  absent: needsRoutes(['GET', '/providers'], ['POST', '/connect/{provider}'], ['GET', '/connect/callback/{provider}']),
  async inspect(inspection) {
    const { as, stated } = inspection
    const provider = await providerOf(inspection)
    if (provider === undefined) return { kind: 'skipped', reason: 'no provider is configured' }
    const evidence = []
    for (const [beginner, other] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const begun = field(await as(beginner, post(`/connect/${provider}`)), 'authorization_url')
      const state = typeof begun === 'string' && URL.canParse(begun) ? new URL(begun).searchParams.get('state') : null
      if (state === null) return undecided('a consent could not be begun')
      const callback = `/connect/callback/${provider}?code=authkit-isolation&state=${encodeURIComponent(state)}`
      const ended = await as(other, get(callback))
      if (succeeded(ended))
        evidence.push(stated(ended, 'answer', `${ended.status}: the flow of the other user went on`))
    }
    return evidence
  },
}

async function providerOf({ alice }: Inspection): Promise<string | undefined> {
  const listed = await alice(get('/providers'))
  const names = [...rowsOf(listed).map(({ name, id }) => name ?? id), ...[json(listed)].flat()]
  return names.find((name): name is string => typeof name === 'string' && /^[\w-]+$/.test(name))
}
