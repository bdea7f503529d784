import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get, type Probe } from '../../probe.js'
import { held } from '../../verdict.js'

export const httpCors: Check = {
  id: 'http.cors',
  family: 'http',
  resource: 'server',
  operation: 'access',
  title: 'No page of another site may read what the server tells the user who visits it',
  failure: 'Pages of any site may read what the server tells the user who visits them',
  impact: 'Any site that Alice visits reads her threads with her cookies, through her own browser.',
  severity: 'medium',
  refs: ['CLNT-07', '942'],
  event: null,
  fix: serverBug('name the origins that may ask, and never reflect an origin together with credentials'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: ({ target, origin }) =>
    origins(origin).map(
      (name): Probe => ({
        method: 'OPTIONS',
        path: `/threads/${target.thread.id}`,
        headers: {
          origin: name,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
        },
      }),
    ),
  async inspect({ exchanges, alice, attack, scene, stated }) {
    const asked = await Promise.all(
      origins(scene.origin).flatMap((origin) => {
        const probe = get(`/threads/${scene.target.thread.id}`, { origin })
        return [attack(probe), alice(probe)]
      }),
    )
    const all = [...exchanges, ...asked]
    const reflected = all.filter((exchange) => allowed(exchange) === exchange.probe.headers?.['origin'])
    const [worst] = reflected.filter(({ headers }) => headers['access-control-allow-credentials'] === 'true')
    if (worst) return [stated(worst, 'answer', `the origin ${allowed(worst)} is allowed, with credentials`)]
    const anyone = all.some((exchange) => allowed(exchange) === '*')
    const remarks = [
      ...(anyone ? ['every site may read answers, without credentials (access-control-allow-origin: *)'] : []),
      ...(reflected.length > 0 ? ['foreign origins are allowed, without credentials'] : []),
    ]
    return held('no credentials for other sites', remarks)
  },
}

/** Sites that an attacker could have, and origins that careless patterns let pass. */
function origins(own: string): string[] {
  const { protocol, host, hostname } = new URL(own)
  return [
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    `${protocol}//${hostname}.evil.example`,
    `${protocol}//evil-${host}`,
  ]
}

function allowed({ headers }: Exchange): string | undefined {
  return headers['access-control-allow-origin']
}
