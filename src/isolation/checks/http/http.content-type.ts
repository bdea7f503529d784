import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { type Probe, patch, post } from '../../probe.js'

const BOUNDARY = 'authkit-isolation'

export const httpContentType: Check = {
  id: 'http.content-type',
  family: 'http',
  resource: 'threads',
  operation: 'write',
  title: '{who} gains nothing by sending a body under another content type',
  failure: '{who} got past the check by sending the body under another content type',
  impact: 'The check that reads the body finds none, and the route that does the work reads it all the same.',
  severity: 'medium',
  refs: ['436'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  wants: ['item'],
  mutates: true,
  on2xx: 'own',
  straight: ({ target, marker, message }) => [
    patch(`/threads/${target.thread.id}`, { metadata: { iso_straight: marker } }),
    post(`/threads/${target.thread.id}/state`, { values: message(marker), as_node: '__start__' }),
    ...(target.has('item') ? [post('/store/items/search', { namespace_prefix: target.item.namespace })] : []),
  ],
  control: ({ target, marker }) => [patch(`/threads/${target.thread.id}`, { metadata: { iso_mark: marker } })],
  requests({ target, marker, message }) {
    const path = `/threads/${target.thread.id}`
    const disguised = (method: string, at: string, value: object): Probe[] => {
      const text = JSON.stringify(value)
      const [key = '', inner] = Object.entries(value)[0] ?? []
      const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${JSON.stringify(inner)}\r\n--${BOUNDARY}--\r\n`
      const bodies = [
        { text, type: 'text/plain' },
        { text, type: null },
        { text: `\ufeff${text}` },
        { text, type: 'application/x-www-form-urlencoded' },
        { text: `${key}=${encodeURIComponent(JSON.stringify(inner))}`, type: 'application/x-www-form-urlencoded' },
        { text: part, type: `multipart/form-data; boundary=${BOUNDARY}` },
      ]
      return bodies.map((raw) => ({ method, path: at, raw }))
    }
    return [
      ...disguised('PATCH', path, { metadata: { iso_mark: marker } }),
      ...disguised('POST', `${path}/state`, { values: message(marker), as_node: '__start__' }),
      ...(target.has('item')
        ? disguised('POST', '/store/items/search', { namespace_prefix: target.item.namespace })
        : []),
    ]
  },
}
