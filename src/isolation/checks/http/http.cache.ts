import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, succeeded } from '../../probe.js'
import { held } from '../../verdict.js'

export const httpCache: Check = {
  id: 'http.cache',
  family: 'http',
  resource: 'threads',
  operation: 'read',
  title: "{who} learns nothing of Alice's thread from a cache",
  failure: "{who} learnt of Alice's thread from a cache",
  impact: 'What the server told Alice is told to whoever asks next, or at least that it has not changed.',
  severity: 'low',
  refs: ['524', '525'],
  event: null,
  fix: serverBug(
    'answer private data with `Cache-Control: no-store`, and ask who is calling before looking at If-None-Match',
  ),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  on2xx: 'own',
  straight: ({ target }) => [get(`/threads/${target.thread.id}`)],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect({ scene, alice, attack, seen, stated }) {
    // A path of its own, so that the first answer a cache can keep is hers.
    const path = `/threads/${scene.target.thread.id}?iso_cache=${scene.marker}`
    const hers = await alice(get(path))
    if (!succeeded(hers)) return held('a query that is not known is refused')
    const { etag, 'last-modified': modified, 'cache-control': control, vary } = hers.headers
    const evidence = seen(await attack(get(path)))
    const conditions = {
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(modified === undefined ? {} : { 'if-modified-since': modified }),
    }
    if (Object.keys(conditions).length > 0) {
      const conditional = await attack(get(path, conditions))
      evidence.push(...seen(conditional))
      if (conditional.status === 304) evidence.push(stated(conditional, 'answer', "304: Alice's thread is unchanged"))
    }
    if (evidence.length > 0) return evidence
    const kept = /no-store|private/.test(control ?? '') || /authorization|cookie|\*/i.test(vary ?? '')
    return held('not cached', kept ? [] : ['private answers carry no Cache-Control: a cache in between may keep them'])
  },
}
