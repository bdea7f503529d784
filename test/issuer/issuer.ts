import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as oidc from 'openid-client'
import type { DevEvent } from '../../src/dev/events.js'
import { type DevOptions, startDev } from '../../src/dev/start-dev.js'
import { test as base } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

export const AUTH = `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(placeholderTokens({
    'user1-token': { identity: 'user1', display_name: 'Alice' },
    'user2-token': { identity: 'user2', display_name: 'Bob' },
  }))
  .on('*', ({ user }) => ({ owner: user.identity }))
`
export const CALLBACK = 'http://127.0.0.1:54321/callback'
export const WEB = { id: 'web', name: 'My web app', redirect_uris: ['http://localhost:3000/callback'] }
export const LANGGRAPH = JSON.stringify({
  auth: { path: './auth.ts:auth' },
  authkit: { issuer: { clients: [WEB] } },
})
export const SCOPE = 'openid profile email offline_access'

/** `authkit dev`, started over the files of the test's project. */
export interface Started {
  readonly origin: string
  readonly issuer: string
  readonly events: readonly DevEvent[]
  /** An application that uses the issuer: `authkit login`, unless another one is named. */
  client(id?: string): Promise<oidc.Configuration>
  /** Tells when the project has been read again, and what came of it. A slow machine says in between that it is loading. */
  reloaded(rules?: 'ready' | 'broken'): Promise<void>
  close(): Promise<void>
}

/** `dev` is one server for the whole file; what `start` starts is the test's own, one after the other on one project. */
export const test = base.extend<{ start: (options?: Partial<DevOptions>) => Promise<Started>; dev: Started }>({
  start: async ({ project }, use) => {
    const started: Started[] = []
    await project.write({ 'auth.ts': AUTH, 'langgraph.json': LANGGRAPH })
    await use(async (options = {}) => {
      const server = await startIssuer(project.root, options)
      started.push(server)
      return server
    })
    await Promise.all(started.map((server) => server.close()))
  },
  dev: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest wants the pattern
    async ({}, use) => {
      const root = await mkdtemp(join(tmpdir(), 'authkit-issuer-'))
      await writeFile(join(root, 'auth.ts'), AUTH)
      await writeFile(join(root, 'langgraph.json'), LANGGRAPH)
      const server = await startIssuer(root, { watch: false, database: ':memory:' })
      await use(server)
      await server.close()
      await rm(root, { recursive: true, force: true })
    },
    { scope: 'file' },
  ],
})

export async function startIssuer(root: string, options: Partial<DevOptions>): Promise<Started> {
  const events: DevEvent[] = []
  const server = await startDev({
    root,
    port: 0,
    authkitEntry: AUTHKIT_ENTRY,
    version: '0.0.0-test',
    onEvent: (event) => events.push(event),
    ...options,
  })
  const issuer = `${server.url}/_authkit/oidc`
  let closing: Promise<void> | undefined
  return {
    origin: server.url,
    issuer,
    events,
    client: (id = 'authkit-cli') => openClient(issuer, id),
    async reloaded(rules = 'ready') {
      const count = () => events.filter((event) => event.kind === 'reloaded' && event.rules.kind === rules).length
      const before = count()
      while (count() === before) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close: () => (closing ??= server.close()),
  }
}

export function openClient(issuer: string, id: string): Promise<oidc.Configuration> {
  return oidc.discovery(new URL(issuer), id, undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  })
}

export interface SignInAttempt {
  readonly url: string
  readonly checks: oidc.AuthorizationCodeGrantChecks
}

/** An authorization request as an honest application makes it; `overrides` take parameters away with undefined. */
export async function beginSignIn(
  config: oidc.Configuration,
  overrides: Readonly<Record<string, string | undefined>> = {},
): Promise<SignInAttempt> {
  const [pkceCodeVerifier, expectedState, expectedNonce] = [
    oidc.randomPKCECodeVerifier(),
    oidc.randomState(),
    oidc.randomNonce(),
  ]
  const parameters = {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    prompt: 'consent',
    state: expectedState,
    nonce: expectedNonce,
    ...overrides,
  }
  const kept = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const { href: url } = oidc.buildAuthorizationUrl(config, Object.fromEntries(kept))
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce } }
}

/** Signs in by driving the forms, and redeems the code. */
export async function signIn(
  config: oidc.Configuration,
  who: string,
  overrides: Readonly<Record<string, string | undefined>> = {},
  person = createPerson(),
) {
  const { url, checks } = await beginSignIn(config, overrides)
  const callback = await person.answer(url, who)
  return oidc.authorizationCodeGrant(config, new URL(callback), checks)
}

export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly heading: string | undefined
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** A person with a browser that runs no scripts: cookies, redirects and forms. */
export interface Person {
  readonly cookies: ReadonlyMap<string, Cookie>
  readonly setCookies: readonly string[]
  /** Follows redirects, up to one that leaves the issuer. */
  open(url: string): Promise<Page>
  /** Submits the form of the page that has this field. */
  submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page>
  /** Chooses a user, allows what is asked, and returns the address of the callback. */
  answer(url: string, who: string): Promise<string>
}

export function createPerson(): Person {
  /** By name and path: those of two sign-ins at once differ in the path alone. */
  const cookies = new Map<string, Cookie>()
  const setCookies: string[] = []

  async function go(url: string, body?: URLSearchParams): Promise<Page> {
    const { origin } = new URL(url)
    let next: { url: string; body?: URLSearchParams | undefined } = { url, body }
    for (let hops = 0; hops < 10; hops++) {
      const answer = await fetch(next.url, {
        method: next.body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          cookie: cookiesFor(new URL(next.url).pathname),
          ...(next.body ? { origin, 'sec-fetch-site': 'same-origin' } : {}),
        },
        body: next.body ?? null,
      })
      keep(answer.headers.getSetCookie())
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null
      const text = await answer.text()
      const target = location === null ? undefined : new URL(location, next.url).href
      if (target === undefined || !target.startsWith(origin)) {
        const heading = /<h1>(.*?)<\/h1>/s.exec(text)?.[1]
        return { url: target ?? next.url, status: answer.status, headers: answer.headers, text, heading }
      }
      next = { url: target }
    }
    throw new Error('The redirects do not end.')
  }

  function keep(headers: readonly string[]): void {
    setCookies.push(...headers)
    for (const header of headers) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      const [, path = '/'] = /; path=([^;]+)/i.exec(header) ?? []
      if (value === '') cookies.delete(`${name} ${path}`)
      else cookies.set(`${name} ${path}`, { name, value, path })
    }
  }

  function cookiesFor(pathname: string): string {
    const sent = [...cookies.values()].filter(({ path }) => pathname === path || pathname.startsWith(`${path}/`))
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  const person: Person = {
    cookies,
    setCookies,
    open: (url) => go(url),
    submit(page, fields) {
      const { action, hidden } = formOf(page, Object.keys(fields))
      return go(new URL(action, page.url).href, new URLSearchParams({ ...hidden, ...fields }))
    },
    async answer(url, who) {
      let page = await person.open(url)
      if (page.text.includes('name="identity"')) page = await person.submit(page, { identity: who })
      if (page.text.includes('name="allow"')) page = await person.submit(page, { allow: 'yes' })
      return page.url
    },
  }
  return person
}

function formOf({ text, heading }: Page, fields: readonly string[]) {
  const forms = [...text.matchAll(/<form[^>]*action="([^"]+)"[^>]*>(.*?)<\/form>/gs)]
  const form = forms.find(([, , inside = '']) => fields.every((field) => inside.includes(`name="${field}"`)))
  if (!form) throw new Error(`"${heading}" has no form with ${fields}.`)
  const hidden = (form[2] ?? '').matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  return { action: form[1] as string, hidden: Object.fromEntries([...hidden].map(([, name, value]) => [name, value])) }
}

/** What stands in a JWT, without looking at its signature. */
export function partsOf(jwt: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = jwt.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header, payload }
}
