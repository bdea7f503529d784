/** The repair of a leak in words and one line of auth.ts. One function a kind of repair. */

/** The handler is missing, or returns no filter. */
export function returnOwner(event: string): string {
  return `in auth.ts, let ${event} return the owner filter: .on("${event}", ({ user }) => ({ owner: user.identity }))`
}

/** The owner is taken from the client instead of from the user. */
export function stampOwner(event: string): string {
  return (
    `in auth.ts, let ${event} overwrite the owner and return it: .on("${event}", ({ value, user }) => { ` +
    'value.metadata = { ...value.metadata, owner: user.identity }; return { owner: user.identity } })'
  )
}

/** A store handler lets a namespace pass that isn't the caller's. */
export function guardNamespace(event: string): string {
  return (
    `in auth.ts, refuse every namespace that is not the caller's, a missing one too: .on("${event}", ({ value, user }) => ` +
    'value.namespace?.[0] === user.identity)'
  )
}

/** `authenticate` accepts what it should not. */
export function authenticate(what: string): string {
  return `in auth.ts, ${what}; throw new HTTPException(401) for everything else`
}

/** No handler is asked at all. */
export function serverBug(what: string): string {
  return `auth.ts can't fix this: ${what}. Upgrade the server, or keep the route off with a proxy`
}
