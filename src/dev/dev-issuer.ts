import { join } from 'node:path'
import type { LocalIssuer } from '../identity/local-issuer.js'
import { placeholderTokensOf } from '../identity/placeholder-tokens.js'
import { createLocalIssuer, type LocalIssuerServer } from '../issuer/local-issuer.js'
import type { LocalClient } from '../issuer/options.js'
import { type LocalUser, usersToChoose } from '../issuer/users.js'
import type { ProjectState } from '../project/project.js'
import { LOCAL_ISSUER_PATH } from '../providers/local.js'
import type { Seal } from '../seal/seal.js'
import type { MountedIssuer } from '../server/context.js'

export interface DevIssuerOptions {
  /** The folder of the project. */
  readonly root: string
  /** Forget everything when the process ends. */
  readonly inMemory: boolean
  readonly seal: Seal
  /** The project as it is now. */
  readonly state: () => ProjectState
  readonly onProblem: (message: string, error?: unknown) => void
}

/** The local issuer as part of a dev server, whose users and applications are those of the project. */
export interface DevIssuer {
  readonly mounted: MountedIssuer
  /** Who can be chosen now. */
  users(): readonly LocalUser[]
  /** Says under which address it is served, and returns what auth.ts is told of it. */
  listening(url: string): LocalIssuer
  close(): Promise<void>
}

/** Makes the issuer for a server that is about to listen. */
export function createDevIssuer({ root, inMemory, seal, state, onProblem }: DevIssuerOptions): DevIssuer {
  let issuer: LocalIssuerServer | undefined
  let users: readonly LocalUser[] = []
  let clients: readonly LocalClient[] = []

  /** What can't be read at the moment is what it was last. */
  function read(): void {
    const now = state()
    if (now.config) clients = now.config.authkit.issuer.clients
    if (now.kind !== 'ready') return
    const tokens = placeholderTokensOf(now.authenticate) ?? []
    users = tokens.map(({ identity, display_name }) => ({ identity, name: display_name }))
  }

  function current<T>(pick: () => T): () => T {
    return () => {
      read()
      return pick()
    }
  }

  return {
    mounted: {
      path: LOCAL_ISSUER_PATH,
      async handle(incoming, outgoing) {
        await issuer?.handle(incoming, outgoing)
      },
    },
    users: current(() => usersToChoose(users)),
    listening(url) {
      const server = createLocalIssuer({
        origin: url,
        database: inMemory ? ':memory:' : join(root, '.authkit', 'issuer.db'),
        seal,
        users: current(() => users),
        clients: current(() => clients),
        onProblem,
      })
      issuer = server
      return { issuer: url + LOCAL_ISSUER_PATH, audience: url, isRevoked: (tokenId) => server.isRevoked(tokenId) }
    },
    close: async () => issuer?.close(),
  }
}
