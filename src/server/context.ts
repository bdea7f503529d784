import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller, Engine } from '../engine/engine.js'
import type { Trace } from '../engine/trace.js'
import type { AuthkitError } from '../errors/authkit-error.js'
import type { Runtime } from '../runtime/runtime.js'

/** What langgraph.json says about HTTP, as far as the server acts on it. */
export interface HttpConfig {
  readonly cors?: CorsConfig
  /** Route groups that are not there. */
  readonly disable?: Partial<Record<RouteGroup, boolean>>
  /** Which headers of a request its run finds in its configuration, as globs. Excludes win. */
  readonly configurableHeaders?: { readonly includes?: readonly string[]; readonly excludes?: readonly string[] }
}

export type RouteGroup = 'assistants' | 'threads' | 'runs' | 'store' | 'meta'

export interface CorsConfig {
  readonly allow_origins?: readonly string[]
  readonly allow_origin_regex?: string
  readonly allow_methods?: readonly string[]
  readonly allow_headers?: readonly string[]
  readonly allow_credentials?: boolean
  readonly expose_headers?: readonly string[]
  readonly max_age?: number
}

/** The project at one moment: rules that can be asked, or why the door is closed. */
export type ProjectSnapshot =
  | {
      readonly kind: 'ready'
      readonly engine: Engine
      readonly http: HttpConfig
      /** The RFC 9728 document for the caller of a request. Undefined where no authorization server stands behind auth.ts. */
      readonly protectedResource?: (request: Request) => object | undefined
    }
  | { readonly kind: 'broken'; readonly error: AuthkitError }

/** What the server is made of. Nothing in it is a module's, so two servers live in one process. */
export interface ServerDeps {
  readonly runtime: Runtime
  /** Asked once for each request, which keeps what it got until it is answered. */
  readonly project: () => ProjectSnapshot
  /** Told about every request when its answer begins. */
  readonly onRequest?: (record: RequestRecord) => void
  /** What the Host header of a request may say, besides the names of loopback. */
  readonly hosts?: AllowedHosts
  readonly version: string
  /** What answers below one path instead of this API, with addresses, cookies and CORS of its own. */
  readonly issuer?: MountedIssuer
  /** The largest body that is read, in bytes. */
  readonly maxBodyBytes?: number
}

/** An OpenID provider that shares the port with the API. */
export interface MountedIssuer {
  /** `/_authkit/oidc` */
  readonly path: string
  /** Writes the answer. The body of the request must not have been read. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
}

export interface AllowedHosts {
  readonly names?: readonly string[]
  /** Any address literal: for servers that listen on every interface. */
  readonly addresses?: boolean
}

/** One answered request, for logs. It holds no header, no query and no body. */
export interface RequestRecord {
  readonly time: Date
  readonly method: string
  readonly path: string
  readonly status: number
  readonly ms: number
  readonly trace: Trace
}

/** What a request carries through Hono. */
export interface ServerEnv {
  Variables: {
    trace: Trace
    project: ProjectSnapshot
    caller: Caller
    /** Set where the answer was not written by Hono: what the log says of it. */
    answered?: Pick<RequestRecord, 'path' | 'status'>
  }
  Bindings: NodeBindings
}

/** A request and its answer as Node has them; absent where the server has no port. */
export interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}
