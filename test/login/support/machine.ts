import { vi } from 'vitest'
import Coverage from '../../../src/commands/coverage.js'
import Logout from '../../../src/commands/logout.js'
import Profiles from '../../../src/commands/profiles/index.js'
import ProfilesRemove from '../../../src/commands/profiles/remove.js'
import ProfilesRename from '../../../src/commands/profiles/rename.js'
import ProfilesUse from '../../../src/commands/profiles/use.js'
import TestIsolation from '../../../src/commands/test-isolation.js'
import Token from '../../../src/commands/token/index.js'
import TokenInspect from '../../../src/commands/token/inspect.js'
import Whoami from '../../../src/commands/whoami.js'
import type { TokenSet } from '../../../src/login/login.js'
import { openLogins } from '../../../src/login/logins.js'
import type { StoreKind } from '../../../src/login/store/token-store.js'
import { type Printed, runCommand } from '../../support/command.js'
import { type IdentityProvider, signedIn } from '../../support/identity-provider.js'
import { profileOf } from './logins.js'

const COMMANDS = {
  coverage: Coverage,
  logout: Logout,
  profiles: Profiles,
  'profiles remove': ProfilesRemove,
  'profiles rename': ProfilesRename,
  'profiles use': ProfilesUse,
  'test-isolation': TestIsolation,
  token: Token,
  'token inspect': TokenInspect,
  whoami: Whoami,
}
type CommandName = keyof typeof COMMANDS

/** Variables that say something to the commands of sign-in. */
const VARIABLES = [
  ...['AUTHKIT_TOKEN', 'AUTHKIT_TOKEN_STORE', 'AUTHKIT_TOKEN_KEY', 'AUTHKIT_HOME'],
  ...['AUTHKIT_ALICE_TOKEN', 'AUTHKIT_BOB_TOKEN', 'AUTHKIT_CAROL_TOKEN'],
]

/** A user of authkit on a machine. */
export interface Machine {
  readonly environment: NodeJS.ProcessEnv
  /** All that was printed to them. */
  readonly printed: Printed[]
  /** Runs a command in this process. */
  authkit(command: CommandName, ...argv: string[]): Promise<Printed>
  authkitWith(variables: NodeJS.ProcessEnv, command: CommandName, ...argv: string[]): Promise<Printed>
  /** Signs in at a real provider. The access token ends in so many seconds, as far as this machine knows. */
  signIn(name: string, options?: { endsIn?: number; store?: StoreKind; clientSecret?: string }): Promise<TokenSet>
}

/** @param environment What is set on it, besides or in the place of what is set here. */
export function machineOf(provider: IdentityProvider, environment: NodeJS.ProcessEnv): Machine {
  const printed: Printed[] = []

  async function authkitWith(variables: NodeJS.ProcessEnv, command: CommandName, ...argv: string[]): Promise<Printed> {
    const none = Object.fromEntries(VARIABLES.map((name) => [name, undefined]))
    for (const [name, value] of Object.entries({ ...none, ...environment, ...variables, NO_COLOR: '1' }))
      vi.stubEnv(name, value)
    try {
      const result = await runCommand(COMMANDS[command], ...argv)
      printed.push(result)
      return result
    } finally {
      vi.unstubAllEnvs()
    }
  }

  return {
    environment,
    printed,
    authkitWith,
    authkit: (command, ...argv) => authkitWith({}, command, ...argv),
    async signIn(name, { endsIn = 3600, store = 'keychain', clientSecret } = {}) {
      const expiresAt = Date.now() + endsIn * 1000
      const tokens = { ...(await signedIn(provider, name)), issuedAt: expiresAt - 3_600_000, expiresAt }
      const profile = profileOf(name, {
        issuer: provider.issuer,
        clientId: 'cli',
        user: { subject: name, name: `${name} \u001b[31m`, email: `${name}@example.com` },
      })
      const secrets = { tokens, ...(clientSecret !== undefined && { clientSecret }) }
      await openLogins({ environment }).save({ profile, secrets }, store)
      return tokens
    },
  }
}
