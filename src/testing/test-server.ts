export interface TestServerOptions {
  /** langgraph.json, where it does not lie beside the auth file. */
  readonly config?: string | undefined
  /** Refuse the events that no handler covers, like `authkit dev --strict`. */
  readonly strict?: boolean
}

/** A server in this process, without a port. */
export interface TestServer {
  /** What requests and clients give as the address of the server. Nothing listens there. */
  readonly url: string
  /** Answers a request. Takes what the global `fetch` takes, and a path: `fetch('/threads', { method: 'POST' })`. */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>
  /** Stops runs and closes the database, with all that is in it. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
