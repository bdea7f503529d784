import type { Check, Scene } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get, type Probe, post, routeOf, succeeded } from '../../probe.js'
import { compareSnapshots, takeSnapshot } from '../../snapshot.js'

/** The same id, as databases and parsers read it and a rule that compares texts does not. */
const SPELLINGS: readonly ((id: string) => string)[] = [
  (id) => id.toUpperCase(),
  (id) => id.replaceAll('-', ''),
  (id) => `{${id}}`,
  (id) => `urn:uuid:${id}`,
  (id) => `${id}\n`,
]

/** Ids that mean something to a store: a pattern, a prototype, the folder above, an operator. They are only read. */
const WORDS = ['*', '%', '__proto__', '..', '{"$gt":""}']

function routes(id: string, { agent, message, marker, halt }: Scene): Probe[] {
  const path = `/threads/${encodeURIComponent(id)}`
  return [
    get(path),
    get(`${path}/state`),
    post('/threads', { thread_id: id, if_exists: 'do_nothing' }),
    post(`${path}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
  ]
}

export const collisionIdForms: Check = {
  id: 'collision.id-forms',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't reach Alice's thread under another spelling of its id",
  failure: "Bob reached Alice's thread under another spelling of its id",
  impact:
    'The rule looks at one spelling and the database at another: whoever writes the id differently passes by the rule.',
  severity: 'medium',
  refs: ['178', '436'],
  event: null,
  fix: serverBug('an id must be brought to one spelling, or refused, before rules and storage see it'),
  needs: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  proof: 'data',
  requests: () => [],
  async inspect({ scene, stage, attack, seen, stated }) {
    const { target } = scene
    const ask = async (probes: readonly Probe[]) => {
      const answers: Exchange[] = []
      for (const probe of probes) answers.push(await attack(probe))
      return answers
    }
    // A route that serves him under the plain id is another check's finding.
    const plain = await ask(routes(target.thread.id, scene))
    const closed = plain.map((exchange) => !succeeded(exchange) && seen(exchange).length === 0)
    const before = await takeSnapshot(stage.client, target)
    const odd = [
      ...SPELLINGS.flatMap((spell) => routes(spell(target.thread.id), scene).filter((_, index) => closed[index])),
      ...WORDS.map((word) => get(`/threads/${encodeURIComponent(word)}/state`)),
      ...WORDS.map((word) => get(`/threads/${encodeURIComponent(word)}`)),
      post('/threads/search', { ids: [{ $gt: '' }] }),
    ]
    const answers = await ask(odd)
    const found: Evidence[] = answers.flatMap(seen)
    const { changed } = compareSnapshots(before, await takeSnapshot(stage.client, target))
    const [first] = answers
    if (first) found.push(...changed.map(({ part, what }) => stated(first, 'after-check', `Alice's ${part}: ${what}`)))
    const crash = answers.find(({ status }) => status === 0 || status >= 500)
    if (found.length > 0 || !crash) return found
    return { kind: 'inconclusive', reason: `${crash.status || 'no answer'} on ${routeOf(crash.probe)}` }
  },
}
