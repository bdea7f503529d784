import type { Check } from '../../check.js'
import { bleedIn, NO_LINE } from '../../check-parts/bleed.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get } from '../../probe.js'

const TIMES = 10

export const concurrencyAbort: Check = {
  id: 'concurrency.abort',
  family: 'concurrency',
  resource: 'server',
  operation: 'access',
  title: 'Bob never gets the answer to a request that Alice gave up',
  failure: 'Bob got the answer to a request that Alice had given up',
  impact: "A page that is closed too early sends its data to whoever asks next: other people's content, by chance.",
  severity: 'critical',
  refs: ['488', '404'],
  event: null,
  fix: serverBug(
    'a pooled connection on which a request was given up must be closed, or read to its end, before it is used again',
  ),
  needs: ['thread'],
  own: ['thread'],
  when: 'alone',
  on2xx: 'own',
  absent: ({ client }) => (client.line ? undefined : NO_LINE),
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const { scene, stage, attack } = inspection
    const line = stage.client.line?.()
    if (!line) return []
    const exchanges: Exchange[] = []
    try {
      for (let time = 0; time < TIMES; time++) {
        // A little later each time: nobody knows when the server is between its question and its answer.
        await line.abort('alice', get(`/threads/${scene.target.thread.id}`), time)
        exchanges.push(await attack(get(`/threads/${scene.own.thread.id}`)))
      }
    } finally {
      line.close()
    }
    return bleedIn(inspection, exchanges)
  },
}
