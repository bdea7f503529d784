/** A server as a function: a test server, or the `app` of whatever framework answers a Request with a Response. */
export interface InProcess {
  fetch(request: Request): Response | Promise<Response>
}

/** What is tested: the URL of a server, or one in this process. */
export type Target = string | URL | InProcess

export interface IsolationOptions {
  /**
   * The tokens of the two users, and of a third where there is one. On this machine they default to the first two of
   * `placeholderTokens()`, and to `user1-token` and `user2-token`.
   */
  readonly tokens?: { readonly alice?: string; readonly bob?: string; readonly carol?: string }
  /** Only the checks whose id matches; `*` stands for anything. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  /** The graph that runs name. Found by itself, when nothing is said. */
  readonly assistant?: string
  /** Repeats the order of an earlier run. */
  readonly seed?: number
  /** How long to wait for an answer. */
  readonly timeoutMs?: number
  /** The suite creates, changes and deletes objects. Agree to that for a server that is not on this machine. */
  readonly allowRemote?: boolean
}
