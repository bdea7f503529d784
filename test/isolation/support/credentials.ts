import { randomBytes, randomUUID } from 'node:crypto'
import type { Call, Next, Overlay, User } from './world.js'

type Row = { id: string; owner: User } & Record<string, unknown>

/** Where the honest routes can be given a hole. Each says who the caller is taken for, or what counts as fine. */
export interface Holes {
  /** Whose list and objects this caller gets. */
  readonly ownerFor?: (kind: 'key' | 'session' | 'connection' | 'space', caller: User | undefined) => User | undefined
  readonly keepsRevoked?: boolean
  readonly keepsEnded?: boolean
  readonly keepsDeleted?: boolean
  readonly keepsMembers?: boolean
  readonly anyUser?: boolean
  readonly anyFlow?: boolean
  readonly viewersWrite?: boolean
}

const GIVEN = { session: 'session-of-alice', deleted: 'token-of-somebody-gone' } as const
export const GIVEN_TOKENS = { session: GIVEN.session, 'deleted-user': GIVEN.deleted } as const

const PATHS: Readonly<Record<string, readonly string[]>> = {
  '/api-keys': ['get', 'post'],
  '/api-keys/{id}': ['get', 'patch', 'delete'],
  '/auth/sessions': ['get'],
  '/auth/sessions/{id}': ['delete'],
  '/providers': ['get'],
  '/connections': ['get'],
  '/connections/{id}': ['get'],
  '/connections/{id}/token': ['post'],
  '/connections/token': ['post'],
  '/connect/{provider}': ['post'],
  '/connect/callback/{provider}': ['get'],
  '/spaces': ['get', 'post'],
  '/spaces/{id}': ['get', 'patch', 'delete'],
  '/spaces/{id}/members': ['post'],
  '/spaces/{id}/members/{user_id}': ['delete'],
}

const refused = (status: number) => Response.json({ error: status }, { status })

/** Keys, sessions, connections and spaces in front of the real server, as authkit documents them, and honest without holes. */
export function credentialRoutes(holes: Holes = {}): Overlay {
  const keys = new Map<string, Row>()
  const sessions = new Map<string, Row>([
    ['first', { id: randomUUID(), owner: 'user1' }],
    [GIVEN.session, { id: randomUUID(), owner: 'user1' }],
    ['third', { id: randomUUID(), owner: 'user2' }],
  ])
  const connections: Row[] = (['user1', 'user2'] as const).map((owner) => ({
    id: randomUUID(),
    owner,
    provider: 'mail',
    label: `mailbox ${randomBytes(8).toString('hex')}`,
    account: `account ${randomBytes(8).toString('hex')}`,
  }))
  const tokens = new Map(connections.map(({ owner }) => [owner, `issued-${randomBytes(12).toString('hex')}`]))
  const flows = new Map<string, User>()
  const spaces: (Row & { members: Record<string, string> })[] = []
  const takenFor = (kind: 'key' | 'session' | 'connection' | 'space', caller: User | undefined) =>
    caller && (holes.ownerFor?.(kind, caller) ?? caller)

  /** Who calls, with any of the credentials that these routes know. */
  const identify = (call: Call): User | undefined => {
    const token = call.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    if (holes.keepsDeleted && token === GIVEN.deleted) return 'user3'
    return call.user ?? keys.get(token)?.owner ?? sessions.get(token)?.owner
  }

  const document = async (call: Call, next: Next) => {
    const real = (await (await next(call)).json()) as { paths: object }
    const added = Object.entries(PATHS).map(([path, verbs]) => [
      path,
      Object.fromEntries(verbs.map((verb) => [verb, {}])),
    ])
    return Response.json({ ...real, paths: { ...real.paths, ...Object.fromEntries(added) } })
  }

  const ofKeys = (call: Call, caller: User, id: string | undefined) => {
    const owner = takenFor('key', caller)
    const rows = [...keys].filter(([, row]) => row.owner === owner)
    const shown = ([key, { id, name }]: [string, Row]) => ({ id, name, last4: key.slice(-4) })
    if (call.method === 'POST') {
      const key = `akit_${randomBytes(24).toString('hex')}`
      const row: Row = { id: randomUUID(), owner: caller, name: call.json.name }
      keys.set(key, row)
      return Response.json({ ...shown([key, row]), key })
    }
    if (id === undefined) return Response.json({ items: rows.map(shown) })
    const found = rows.find(([, row]) => row.id === id)
    if (!found) return refused(404)
    if (call.method === 'PATCH') found[1]['name'] = call.json.name
    if (call.method === 'DELETE' && !holes.keepsRevoked) keys.delete(found[0])
    return call.method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json(shown(found))
  }

  const ofSessions = (call: Call, caller: User, id: string | undefined) => {
    const owner = takenFor('session', caller)
    const rows = [...sessions].filter(([, row]) => row.owner === owner)
    const token = call.headers.get('authorization')?.replace('Bearer ', '')
    if (id === undefined) {
      return Response.json({ items: rows.map(([key, row]) => ({ id: row.id, current: key === token })) })
    }
    const found = rows.find(([, row]) => row.id === id)
    if (!found) return refused(404)
    if (!holes.keepsEnded) sessions.delete(found[0])
    return new Response(null, { status: 204 })
  }

  const ofConnections = (call: Call, caller: User, id: string | undefined, part: string | undefined) => {
    const rows = connections.filter(({ owner }) => owner === takenFor('connection', caller))
    const shown = ({ owner: _, ...row }: Row) => row
    if (id === undefined) return Response.json({ items: rows.map(shown) })
    if (id === 'token') {
      const user: User = holes.anyUser && call.json.user_id ? call.json.user_id : caller
      return Response.json({ access_token: tokens.get(user) })
    }
    const found = rows.find((row) => row.id === id)
    if (!found) return refused(404)
    return Response.json(part === 'token' ? { access_token: tokens.get(found.owner) } : shown(found))
  }

  const ofFlows = (call: Call, caller: User, callback: boolean) => {
    if (!callback) {
      const state = randomUUID()
      flows.set(state, caller)
      return Response.json({ authorization_url: `https://mail.example/authorize?state=${state}` })
    }
    const beginner = flows.get(call.url.searchParams.get('state') ?? '')
    return beginner && (holes.anyFlow || beginner === caller) ? Response.json({ connected: true }) : refused(403)
  }

  const ofSpaces = (call: Call, caller: User, [id, part, member]: readonly string[]) => {
    const user = takenFor('space', caller) ?? caller
    const mine = spaces.filter(({ members }) => user in members)
    if (id === undefined && call.method === 'POST') {
      const space = { id: randomUUID(), owner: caller, name: call.json.name, members: { [caller]: 'owner' } }
      spaces.push(space)
      return Response.json(space)
    }
    if (id === undefined) return Response.json({ items: mine })
    const space = mine.find((one) => one.id === id)
    if (!space) return refused(404)
    if (call.method === 'GET') return Response.json(space)
    if (space.members[user] !== 'owner' && !(holes.viewersWrite && call.method === 'PATCH')) return refused(403)
    if (part === 'members' && member !== undefined) {
      if (!holes.keepsMembers) delete space.members[member]
    } else if (part === 'members') space.members[call.json.user_id] = call.json.role
    else if (call.method === 'DELETE') spaces.splice(spaces.indexOf(space), 1)
    else space['name'] = call.json.name
    return Response.json(space)
  }

  return async (call, next) => {
    if (call.path === '/openapi.json') return document(call, next)
    const [, first = '', ...rest] = call.path.split('/')
    const caller = identify(call)
    const [id, part] = rest
    const known = Object.keys(PATHS).some((path) => path.split('/')[1] === first)
    if (!known) return next(caller && !call.user ? call.as(caller) : call)
    if (!caller) return refused(401)
    if (first === 'api-keys') return ofKeys(call, caller, id)
    if (first === 'auth') return ofSessions(call, caller, part)
    if (first === 'providers') return Response.json({ items: [{ name: 'mail' }] })
    if (first === 'connections') return ofConnections(call, caller, id, part)
    if (first === 'connect') return ofFlows(call, caller, id === 'callback')
    return ofSpaces(call, caller, rest)
  }
}
