import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, get, post } from '../../probe.js'

export const xrefRunParent: Check = {
  id: 'xref.run.parent',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob can't reach Alice's run through a thread of his",
  failure: "Bob reached Alice's run through a thread of his",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('a run must be looked up under the thread in the path, not by its id alone'),
  needs: ['pending'],
  own: ['thread'],
  mutates: true,
  on2xx: 'leak-unless-empty',
  proof: 'success',
  requests({ target, own }) {
    const path = `/threads/${own.thread.id}/runs/${target.run.id}`
    return [get(path), post(`${path}/cancel?wait=false&action=interrupt`), del(path)]
  },
}
