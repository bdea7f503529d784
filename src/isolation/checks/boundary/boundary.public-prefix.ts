import type { Check, Inspection } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, json, succeeded } from '../../probe.js'

const EXEMPT = ['/ui', '/info', '/docs', '/health', '/ok']

export const boundaryPublicPrefix: Check = {
  id: 'boundary.public-prefix',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'What lies behind or beside a public path is not public with it',
  failure: 'A path that only begins like a public one was served without a token',
  impact:
    'Every route whose name begins like a public one is open to everybody, and a path may lead from there to all others.',
  severity: 'high',
  refs: ['API9', '551'],
  event: null,
  fix: serverBug('public paths are compared by their beginning, or before they are decoded'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'own',
  accepts: [301, 302, 307, 308],
  straight: ({ target }) => [get(`/threads/${target.thread.id}`)],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: ({ target }) =>
    EXEMPT.flatMap((path) =>
      [
        `${path}x`,
        `${path}/../threads/${target.thread.id}`,
        `${path}%2f..%2fthreads%2f${target.thread.id}`,
        `${path};/threads/${target.thread.id}`,
        `${path}/threads/${target.thread.id}`,
      ].map((odd) => get(odd)),
    ),
  async inspect(inspection) {
    const found = await Promise.all((await routesBeside(inspection)).map((path) => servedBy(inspection, path)))
    return found.flat()
  },
}

/** Routes of the server's own document that begin like a public path and are none. */
async function routesBeside({ alice }: Inspection): Promise<string[]> {
  const document = json(await alice(get('/openapi.json'))) as { paths?: Record<string, object> } | null | undefined
  return Object.entries(document?.paths ?? {}).flatMap(([path, operations]) =>
    !path.includes('{') && 'get' in operations && EXEMPT.some((open) => path.startsWith(open) && path !== open)
      ? [path]
      : [],
  )
}

/** It is meant to be guarded when another verb is refused there. */
async function servedBy({ attack, seen, stated }: Inspection, path: string) {
  const served = await attack(get(path))
  const evidence = seen(served)
  if (evidence.length > 0 || !succeeded(served)) return evidence
  const others = [await attack({ method: 'HEAD', path }), await attack({ method: 'OPTIONS', path })]
  return others.some(({ status }) => status === 401 || status === 403)
    ? [stated(served, 'answer', `${served.status} for GET, though another verb needs a token`)]
    : []
}
