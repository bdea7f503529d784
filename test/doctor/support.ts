import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CHECKS } from '../../src/doctor/checks/index.js'
import type { Finding } from '../../src/doctor/finding.js'
import { openSetup, type SetupOptions } from '../../src/doctor/open-setup.js'
import { type Result, runChecks } from '../../src/doctor/run-checks.js'
import type { Profile, TokenSet } from '../../src/login/login.js'
import { openLogins } from '../../src/login/logins.js'
import type { TempProject } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

/** What a machine has: a folder for profiles, and tokens in files of it. */
export interface Machine {
  readonly environment: NodeJS.ProcessEnv
  /** Puts a sign-in away, as `authkit login` does. */
  signIn(profile: Partial<Profile>, tokens: Partial<TokenSet>, clientSecret?: string): Promise<void>
}

export function machineIn(project: TempProject): Machine {
  const environment: NodeJS.ProcessEnv = {
    AUTHKIT_HOME: project.path('home'),
    AUTHKIT_TOKEN_STORE: 'file',
    AUTHKIT_TOKEN_KEY: randomBytes(32).toString('base64'),
  }
  return {
    environment,
    async signIn(profile, tokens, clientSecret) {
      const now = Date.now()
      await openLogins({ environment }).save(
        {
          profile: {
            name: 'default',
            provider: 'oidc',
            clientId: 'cli',
            scopes: ['openid'],
            user: { subject: 'alice' },
            signedInAt: now,
            ...profile,
          },
          secrets: {
            tokens: { accessToken: 'planted-access-token', issuedAt: now, scopes: ['openid'], ...tokens },
            ...(clientSecret !== undefined && { clientSecret }),
          },
        },
        'file',
      )
    },
  }
}

export type Given = Partial<Omit<SetupOptions, 'root' | 'authkitEntry'>>

/** Everything that doctor finds. */
export async function results(project: TempProject, given: Given = {}): Promise<readonly Result[]> {
  const setup = openSetup({
    root: project.root,
    authkitEntry: AUTHKIT_ENTRY,
    environment: machineIn(project).environment,
    flags: {},
    port: await freePort(),
    timeoutMs: 5000,
    ...given,
  })
  return await runChecks(CHECKS, setup, { timeoutMs: 15_000 })
}

/** What doctor finds, by check. */
export async function examine(project: TempProject, given: Given = {}): Promise<Record<string, readonly Finding[]>> {
  return Object.fromEntries((await results(project, given)).map(({ check, findings }) => [check.id, findings]))
}

/** A port of this machine at which nobody is. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

export type Double = (url: URL, init: RequestInit | undefined) => Response | Promise<Response>

/** A fetch in which hosts of vendors are played by doubles; everything else is asked for real. */
export function withDoubles(doubles: Readonly<Record<string, Double>>): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const double = doubles[url.host]
    return double ? await double(url, init) : await fetch(input, init)
  }
}

export const AUTH = `import { Auth } from 'authkit'\nexport const auth = new Auth().authenticate(() => 'alice').on('*', () => true)\n`

/** An auth.ts that verifies tokens. */
export function oidcAuth(options: Readonly<Record<string, unknown>>): string {
  return `import { Auth, oidc } from 'authkit'\nexport const auth = new Auth().authenticate(oidc(${JSON.stringify(options)})).on('*', () => true)\n`
}
