import type { Disguise } from '../../actor.js'
import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'
import { type Exchange, succeeded } from '../../probe.js'

/** Bob's token is the first. */
const BOB_FIRST: readonly Disguise[] = [
  { headers: { authorization: '{scheme} {bob} {alice}' } },
  { headers: { authorization: '{scheme} {bob}, {scheme} {alice}' } },
  { headers: { authorization: ['{scheme} {bob}', '{scheme} {alice}'] } },
  { headers: { cookie: 'token={alice}; session={alice}' } },
]
const ALICE_FIRST: Disguise = { headers: { authorization: ['{scheme} {alice}', '{scheme} {bob}'] } }

export const boundaryTwoTokens: Check = {
  id: 'boundary.two-tokens',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'Of two tokens the server takes none, or the first one everywhere',
  failure: 'Of two tokens the server took the second one, or now this and now that',
  impact:
    'A proxy that checks one of the tokens and a server that believes the other let a caller pass as one user and act as another.',
  severity: 'medium',
  refs: ['API2', '436'],
  event: 'authenticate',
  fix: authenticate('refuse a header with more than one token'),
  actors: ['bob'],
  needs: ['thread'],
  own: ['thread'],
  absent: ({ credential }) =>
    credential.header === 'authorization' ? undefined : 'the credential is not sent in an authorization header',
  on2xx: 'own',
  proof: 'data',
  straight: ({ target }) => readingDoors(target.thread.id),
  control: ({ target }) => readingDoors(target.thread.id),
  requests({ target, own }) {
    const doors = [...readingDoors(target.thread.id), ...readingDoors(own.thread.id).slice(0, 1)]
    return [
      ...BOB_FIRST.flatMap((disguise) => doors.map((probe) => ({ ...probe, disguise }))),
      ...doors.map((probe) => ({ ...probe, disguise: ALICE_FIRST, asAlice: '' })),
    ]
  },
  // Whichever of the two wins, it has to win on every route.
  async inspect({ exchanges, stage, stated }) {
    const both = exchanges.filter(({ probe }) => probe.disguise === ALICE_FIRST && probe.asAlice !== undefined)
    const winner = (owner: 'alice' | 'bob') => (exchange: Exchange) =>
      succeeded(exchange) && stage.client.shows(exchange, owner)
    const asAlice = both.find(winner('alice'))
    return asAlice && both.some(winner('bob'))
      ? [stated(asAlice, 'answer', "Alice's token wins on this route, Bob's on another")]
      : []
  },
}
