import type { Disguise } from '../../actor.js'
import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

const PARAMETERS = ['token', 'access_token', 'api_key', 'key']

export const boundaryTokenElsewhere: Check = {
  id: 'boundary.token-elsewhere',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'A token in the URL, a cookie or X-Api-Key opens nothing, or only to its owner',
  failure: 'A token in the URL, a cookie or X-Api-Key opened the server to somebody it does not belong to',
  impact: 'Where such a place is read carelessly, an invented token in it is enough to get in.',
  severity: 'medium',
  refs: ['API2', '598'],
  event: 'authenticate',
  fix: authenticate('read the token from the authorization header only'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests({ target }) {
    const places = (token: string): { disguise: Disguise; remark: string }[] => [
      ...PARAMETERS.map((name) => ({
        disguise: { query: { [name]: token } },
        remark: `a token in the URL is accepted (?${name}=), where logs and browsers keep it`,
      })),
      ...['token', 'session'].map((name) => ({ disguise: { headers: { cookie: `${name}=${token}` } }, remark: '' })),
      { disguise: { headers: { 'x-api-key': token } }, remark: '' },
    ]
    const doors = readingDoors(target.thread.id)
    return [
      ...places('{alice}').flatMap(({ disguise, remark }) =>
        doors.map((probe) => ({ ...probe, disguise, asAlice: remark })),
      ),
      ...places('{junk}').flatMap(({ disguise }) => doors.map((probe) => ({ ...probe, disguise }))),
    ]
  },
}
