import type { IncomingMessage, ServerResponse } from 'node:http'
import { LOCAL_ISSUER_PATH } from '../providers/local.js'
import type { IssuerOptions } from './options.js'
import type { LocalProvider } from './provider.js'

/** The local OpenID provider of `authkit dev`. */
export interface LocalIssuerServer {
  /** Answers a request below the path of the issuer. Its body must not have been read. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
  /** Whether an access token that was issued here has been taken back, by its `jti`. */
  isRevoked(tokenId: string): Promise<boolean>
  close(): Promise<void>
}

interface Opened {
  readonly provider: LocalProvider
  close(): void
}

/**
 * Makes the issuer, which costs nothing before its first request: only then are its code and its database loaded.
 *
 * @example
 * const issuer = createLocalIssuer({ origin: 'http://127.0.0.1:2024', database: '.authkit/issuer.db', ... })
 */
export function createLocalIssuer(options: IssuerOptions): LocalIssuerServer {
  let opening: Promise<Opened> | undefined

  function opened(): Promise<Opened> {
    opening ??= open(options).catch((error: unknown) => {
      // The reason may have gone by the next request.
      opening = undefined
      throw error
    })
    return opening
  }

  return {
    async handle(incoming, outgoing) {
      const { provider } = await opened()
      const { host, origin } = new URL(options.origin)
      if (isOtherName(incoming, host) && incoming.headers.accept?.includes('text/html')) {
        // Cookies belong to a name, and the way through a sign-in leads over addresses with this one.
        outgoing.writeHead(307, { location: origin + incoming.url, 'cache-control': 'no-store' }).end()
        return
      }
      // The addresses in its answers are made of this header. It has been checked.
      incoming.headers.host = host
      const url = incoming.url ?? ''
      Object.assign(incoming, { originalUrl: url, url: url.slice(LOCAL_ISSUER_PATH.length).replace(/^(?!\/)/, '/') })
      await provider.handle(incoming, outgoing)
    },

    async isRevoked(tokenId) {
      return (await opened()).provider.isRevoked(tokenId)
    },

    async close() {
      const { close } = (await opening?.catch(() => undefined)) ?? {}
      close?.()
    },
  }
}

function isOtherName({ headers, method }: IncomingMessage, host: string): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.host !== host
}

async function open(options: IssuerOptions): Promise<Opened> {
  const [{ createProvider }, { openIssuerDatabase }, { readSecrets }] = await Promise.all([
    import('./provider.js'),
    import('./database.js'),
    import('./secrets.js'),
  ])
  const db = await openIssuerDatabase(options.database)
  try {
    const secrets = await readSecrets(db, options.seal, () =>
      options.onProblem('The root key is another one: whoever was signed in at the local issuer signs in again.'),
    )
    return { provider: createProvider(options, db, secrets), close: () => db.close() }
  } catch (error) {
    db.close()
    throw error
  }
}
