import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'

export const boundaryStudioHeader: Check = {
  id: 'boundary.studio-header',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'The header of LangGraph Studio does not replace a token',
  failure: 'A caller without a token was served because of the header x-auth-scheme: langsmith',
  severity: 'critical',
  refs: ['API2', '290'],
  event: null,
  fix: serverBug('set "auth": { "disable_studio_auth": true } in langgraph.json'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests({ target, fresh, marker }) {
    const probes = [
      get(`/threads/${target.thread.id}`),
      post('/threads/search', {}),
      post('/threads', { thread_id: fresh('thread'), metadata: { iso_mark: marker } }),
    ]
    return probes.map((probe): Probe => ({ ...probe, disguise: { headers: { 'x-auth-scheme': 'langsmith' } } }))
  },
}
