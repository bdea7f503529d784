/** Somebody who can sign in here without a password. */
export interface LocalUser {
  /** The `sub` of the tokens. */
  readonly identity: string
  readonly name: string
}

/** Who there is where the project has no placeholder tokens. They are those of every example. */
const DEFAULT_USERS: readonly LocalUser[] = [
  { identity: 'user1', name: 'Alice' },
  { identity: 'user2', name: 'Bob' },
]

/** What a typed name may be. It becomes the `sub`, so it is what most systems take for one. */
const TYPED = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/

/** @param users As the project has them: several tokens may stand for one user. */
export function usersToChoose(users: readonly LocalUser[]): readonly LocalUser[] {
  const byIdentity = new Map(users.map((user) => [user.identity, user]))
  return byIdentity.size > 0 ? [...byIdentity.values()] : DEFAULT_USERS
}

/** The user of a `sub`. One that the project does not name is called as it is. */
export function userOf(identity: string, users: readonly LocalUser[]): LocalUser {
  return usersToChoose(users).find((user) => user.identity === identity) ?? { identity, name: identity }
}

/**
 * Who is meant by what was chosen or typed: a user of the project by identity or name, or anybody else whose name can be a
 * `sub`. The same text is always the same user. Undefined where it can't be one.
 */
export function userMeant(text: string, users: readonly LocalUser[]): LocalUser | undefined {
  const typed = text.trim()
  const known = usersToChoose(users)
  const named = known.filter(({ name }) => name.toLowerCase() === typed.toLowerCase())
  const found = known.find(({ identity }) => identity === text) ?? (named.length === 1 ? named[0] : undefined)
  if (found) return found
  return TYPED.test(typed) ? { identity: typed, name: typed } : undefined
}

/** The claims of OpenID Connect Core 5.1 that a local user has. */
export function claimsOf({ identity, name }: LocalUser) {
  return { sub: identity, name, email: emailOf(identity), email_verified: true }
}

/** RFC 2606 keeps `.test` free, so no letter ever arrives. Two users never share an address. */
function emailOf(identity: string): string {
  if (/^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(identity)) return identity
  const local = identity.replaceAll(/[^A-Za-z0-9._+-]/g, (odd) => `=${Buffer.from(odd).toString('hex')}`)
  return `${local}@example.test`
}
