import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { get, post, succeeded } from '../../probe.js'

const ROUNDS = 20
/** Rounds in which both ask for the thread that is there already. */
const POLITE_ROUNDS = 5

export const collisionRace: Check = {
  id: 'collision.race',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: 'Of two users who create the same id at once, one gets it',
  failure: 'Two users created the same id at once, and got the same thread',
  impact:
    'Between "is it taken?" and "take it" lies a moment in which both are told yes: they share a conversation from then on.',
  severity: 'medium',
  refs: ['362'],
  event: null,
  fix: serverBug('let the database decide with a unique key: insert, and answer 409 when that fails'),
  mutates: true,
  on2xx: 'own',
  control: ({ fresh }) => [post('/threads', { thread_id: fresh('control') })],
  proof: 'success',
  requests: () => [],
  async inspect({ scene, stage, alice, attack, seen, stated }) {
    const { absent, marker, agent, runId } = scene
    const secret = newCanary()
    stage.secrets.plant({ value: secret, slot: 'thread.metadata', owner: 'alice', check: 'collision.race', hard: true })
    const round = async (if_exists: string): Promise<Evidence[] | number> => {
      const thread_id = absent()
      const create = (iso_mark: string) =>
        post('/threads', {
          thread_id,
          if_exists,
          metadata: { graph_id: agent, authkit_isolation: runId, iso_mark },
        })
      const [hers, his] = await Promise.all([alice(create(secret)), attack(create(marker))])
      const crash = [hers, his].find(({ status }) => status >= 500 || status === 0)
      const found = [...seen(hers), ...seen(his)]
      if (found.length > 0 || !succeeded(hers) || !succeeded(his))
        return crash && found.length === 0 ? crash.status : found
      // Both were told yes. On a server where each user has ids of their own, both have one; otherwise one has lost it.
      const [reread, again] = await Promise.all([
        alice(get(`/threads/${thread_id}`)),
        attack(get(`/threads/${thread_id}`)),
      ])
      const lost = [reread, again].find((exchange) => !succeeded(exchange))
      return lost
        ? [stated(lost, 'thread', 'both were told that it is theirs, and one of them does not have it')]
        : [...seen(reread), ...seen(again)]
    }
    for (let index = 0; index < ROUNDS + POLITE_ROUNDS; index++) {
      const outcome = await round(index < ROUNDS ? 'raise' : 'do_nothing')
      if (typeof outcome === 'number') {
        return { kind: 'inconclusive', reason: `concurrent creates of one id crash (${outcome || 'no answer'})` }
      }
      if (outcome.length > 0) return outcome
    }
    return []
  },
}
