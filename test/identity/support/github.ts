import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What GitHub's API says about tokens, in its own shapes, without GitHub. */
export interface GithubDouble {
  readonly apiUrl: string
  /** `METHOD path`, oldest first. */
  readonly requests: string[]
  /** Answers everything with this status, while it is set. */
  down: number | undefined
  close(): Promise<void>
}

/** The OAuth app of the tests, and another one with users of its own. */
export const APP = { clientId: 'Ov23liOurs', clientSecret: 'secret-of-ours' }
export const OTHER_APP = { clientId: 'Ov23liTheirs', clientSecret: 'secret-of-theirs' }

const ALICE = { login: 'alice', id: 1001, node_id: 'U_1', type: 'User', site_admin: false }
const BOB = { login: 'bob', id: 1002, node_id: 'U_2', type: 'User', site_admin: false }

/** Who each token is for, and which application got it. */
const TOKENS: Readonly<Record<string, { user: object; app: string; scopes: string[]; expires_at?: string }>> = {
  gho_alice: { user: ALICE, app: APP.clientId, scopes: ['read:user', 'user:email'] },
  ghu_bob: { user: BOB, app: APP.clientId, scopes: [], expires_at: '2099-01-01T00:00:00Z' },
  gho_expired: { user: BOB, app: APP.clientId, scopes: [], expires_at: '2020-01-01T00:00:00Z' },
  gho_misattributed: { user: ALICE, app: APP.clientId, scopes: [] },
  gho_alice_elsewhere: { user: ALICE, app: OTHER_APP.clientId, scopes: ['repo'] },
  '16c7e42f292c6912e7710c838347ae178b4a0000': { user: ALICE, app: APP.clientId, scopes: [] },
}

export async function startGithub(): Promise<GithubDouble> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url: path = '', headers } = request
    requests.push(`${method} ${path}`)
    const say = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
    if (double.down !== undefined) return say(double.down, { message: 'Server Error' })

    const checked = /^\/applications\/([^/]+)\/token$/.exec(path)?.[1]
    if (method === 'POST' && checked !== undefined) {
      const app = [APP, OTHER_APP].find(({ clientId }) => clientId === checked)
      const basic = `Basic ${btoa(`${app?.clientId}:${app?.clientSecret}`)}`
      if (headers.authorization !== basic) return say(401, { message: 'Bad credentials' })
      const { access_token: token } = JSON.parse(Buffer.concat(chunks).toString()) as { access_token: string }
      const known = TOKENS[token]
      if (known?.app !== checked) return say(404, { message: 'Not Found' })
      const { user, scopes, expires_at = null } = known
      const owner = {
        name: 'My agent',
        url: 'https://agent.example',
        client_id: token === 'gho_misattributed' ? OTHER_APP.clientId : known.app,
      }
      return say(200, {
        id: 1,
        url: 'https://api.github.com/authorizations/1',
        token,
        app: owner,
        scopes,
        expires_at,
        user,
      })
    }
    const bearer = TOKENS[(headers.authorization ?? '').replace(/^Bearer /, '')]
    if (!bearer) return say(401, { message: 'Requires authentication' })
    if (path === '/user') return say(200, bearer.user)
    if (path === '/user/emails') {
      if (!bearer.scopes.includes('user:email')) return say(404, { message: 'Not Found' })
      return say(200, [
        { email: 'old@example.com', primary: false, verified: true, visibility: null },
        { email: 'alice@example.com', primary: true, verified: true, visibility: 'private' },
      ])
    }
    return say(404, { message: 'Not Found' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const double: GithubDouble = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    down: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return double
}
