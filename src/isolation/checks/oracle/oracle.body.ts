import type { Check } from '../../check.js'
import { askForExistence } from '../../check-parts/existence.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get, withoutIds } from '../../probe.js'

const HEADERS = ['allow', 'etag', 'content-length', 'cache-control', 'content-type']

/** What of an answer may tell, part by part. */
const partsOf = ({ body, headers }: Exchange): readonly (readonly [string, string])[] => [
  ['body', withoutIds(body)],
  ...HEADERS.map((name) => [name, headers[name] ?? ''] as const),
]

export const oracleBody: Check = {
  id: 'oracle.body',
  family: 'oracle',
  resource: 'threads',
  operation: 'read',
  title: "Bob can't tell Alice's objects from ones that don't exist by the text of a refusal",
  failure: "Bob can tell Alice's objects from ones that don't exist by the text of a refusal",
  impact: 'The status says nothing, and the text or a header beside it says that the object is there.',
  severity: 'low',
  refs: ['203'],
  event: null,
  fix: serverBug('an object that a filter hides must be answered like one that is not there, body and headers'),
  needs: ['run', 'assistant'],
  mutates: true,
  afterCheck: false,
  // Streams of a run that is not there may open, and stay silent.
  waits: true,
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`), get(`/assistants/${target.assistant.id}`)],
  proof: 'data',
  requests: () => [],
  async inspect(inspection) {
    const rows = await askForExistence(inspection)
    if ('kind' in rows) return rows
    return rows.flatMap(({ hidden, random, random7 }) => {
      // Another status is the finding of oracle.status.
      if (random.status !== hidden.status || random7.status !== hidden.status) return []
      const [one, two] = [new Map(partsOf(random)), new Map(partsOf(random7))]
      // What differs between two absent ids carries something random, and says nothing.
      const telling = partsOf(hidden).filter(
        ([name, text]) => one.get(name) === two.get(name) && text !== one.get(name),
      )
      const [first] = telling
      if (!first) return []
      return [
        inspection.stated(
          hidden,
          'existence',
          `${hidden.status} with another ${first[0]} than for an id that does not exist`,
        ),
      ]
    })
  },
}
