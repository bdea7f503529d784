import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const httpPath: Check = {
  id: 'http.path',
  family: 'http',
  resource: 'threads',
  operation: 'read',
  title: '{who} does not reach the thread under another spelling of its path',
  failure: '{who} reached the thread under another spelling of its path',
  impact:
    'What is checked is one path and what is served is another, so every object is readable under its other name.',
  severity: 'high',
  refs: ['22', '551'],
  event: null,
  fix: serverBug('paths are decoded or cleaned up after they were checked'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  on2xx: 'own',
  // Being sent to the clean path is no answer yet; that a proxy finds nothing behind the path, or no such host, is one.
  accepts: [301, 302, 307, 308, 414, 421, 501],
  straight: ({ target }) => [get(`/threads/${target.thread.id}`)],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests({ target, origin }) {
    const { id } = target.thread
    const spellings = [
      `//threads/${id}`,
      `/threads//${id}`,
      `/./threads/${id}`,
      `/x/../threads/${id}`,
      `/x/%2e%2e/threads/${id}`,
      `/x/..%2fthreads/${id}`,
      `/threads%2f${id}`,
      `/threads/${id}/`,
      `/THREADS/${id}`,
      `/threads;a=b/${id}`,
      `/threads/${id};a=b`,
      `/threads/${id}%00`,
      `/threads/${id}%20`,
      `/threads/${id} `,
      `/threads\\${id}`,
      `${origin}/threads/${id}`,
    ]
    return spellings.map((path) => get(path))
  },
}
