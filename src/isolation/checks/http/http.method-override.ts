import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, type Probe, patch, post, succeeded } from '../../probe.js'

const HEADERS = ['x-http-method-override', 'x-method-override', 'x-http-method']

export const httpMethodOverride: Check = {
  id: 'http.method-override',
  family: 'http',
  resource: 'threads',
  operation: 'write',
  title: '{who} changes nothing by naming another method than the one that was checked',
  failure: '{who} got past the check by naming another method',
  impact:
    'What is checked is one method and what is done is another, so a refusal of PATCH or DELETE is worth nothing.',
  severity: 'high',
  refs: ['API5', '650'],
  event: null,
  fix: serverBug('the method is taken from a header or a parameter after it was checked'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  accepts: [501],
  straight: ({ target }) => [
    get(`/threads/${target.thread.id}`),
    { method: 'HEAD', path: `/threads/${target.thread.id}` },
  ],
  control: ({ target, marker }) => [patch(`/threads/${target.thread.id}`, { metadata: { iso_mark: marker } })],
  requests({ target, marker, absent }) {
    const path = `/threads/${target.thread.id}`
    const body = { metadata: { iso_mark: marker } }
    const overriding = HEADERS.flatMap((name): Probe[] => [
      { ...post(path, body), headers: { [name]: 'PATCH' } },
      { ...post(path), headers: { [name]: 'DELETE' } },
    ])
    return [
      ...overriding,
      post(`${path}?_method=DELETE`),
      { method: 'HEAD', path },
      // Only against this one does a HEAD of hers mean something.
      { method: 'HEAD', path: `/threads/${absent()}` },
      { method: 'TRACE', path },
      { method: 'patch', path, body },
      { method: 'delete', path },
      { method: 'get', path },
      { method: 'FETCH', path },
    ]
  },
  async inspect({ exchanges, stated }) {
    const [hers, none] = exchanges.filter(({ probe }) => probe.method === 'HEAD')
    return hers && none && succeeded(hers) && !succeeded(none)
      ? [stated(hers, 'answer', `${hers.status} for HEAD, which answers ${none.status} where there is no thread`)]
      : []
  },
}
