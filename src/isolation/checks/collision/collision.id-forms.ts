import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

/** The same id, as databases and parsers read it and a rule that compares texts does not. */
const spellings = (id: string) => [id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, `urn:uuid:${id}`, `${id}\n`]

/** Ids that mean something to a store: a pattern, a prototype, the folder above, an operator. They are only read. */
const WORDS = ['*', '%', '__proto__', '..', '{"$gt":""}']

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
  on2xx: 'own',
  // A server may refuse odd spellings to everybody.
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  proof: 'data',
  requests: ({ target, agent, message, marker, halt }) => [
    ...spellings(target.thread.id).flatMap((id) => {
      const path = `/threads/${encodeURIComponent(id)}`
      return [
        get(path),
        get(`${path}/state`),
        post('/threads', { thread_id: id, if_exists: 'do_nothing' }),
        post(`${path}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
      ]
    }),
    ...WORDS.flatMap((word) => {
      const path = `/threads/${encodeURIComponent(word)}`
      return [get(path), get(`${path}/state`)]
    }),
    post('/threads/search', { ids: [{ $gt: '' }] }),
  ],
}
