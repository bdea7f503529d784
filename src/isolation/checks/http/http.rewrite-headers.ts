import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const httpRewriteHeaders: Check = {
  id: 'http.rewrite-headers',
  family: 'http',
  resource: 'threads',
  operation: 'read',
  title: '{who} does not reach the thread by naming its path in a header of a public request',
  failure: '{who} reached the thread by naming its path in a header of a public request',
  impact: 'A public path is asked for and any other one is served: no check stands between.',
  severity: 'high',
  refs: ['444', '436'],
  event: null,
  fix: serverBug('the path is taken from a header that is meant for proxies'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  on2xx: 'own',
  accepts: [301, 302, 307, 308],
  straight: ({ target }) => [get(`/threads/${target.thread.id}`)],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests({ target }) {
    const path = `/threads/${target.thread.id}`
    const headers = [
      ...['x-original-url', 'x-rewrite-url', 'x-forwarded-uri', 'x-forwarded-path'].map((name) => ({ [name]: path })),
      { 'x-forwarded-prefix': path },
      { 'x-forwarded-prefix': '/threads' },
      { forwarded: `for=127.0.0.1;host=localhost;proto=http;path="${path}"` },
    ]
    return ['/info', '/ok'].flatMap((open) => headers.map((worn) => get(open, worn)))
  },
}
