import { type AuthMethod, createBearerMethod } from './method.js'

/** In `authkit dev`, the place of a method whose provider is not named yet: no token is its own, and it says why. */
export function notSetUp<U>(problem: string, hint: string): AuthMethod<U> {
  return createBearerMethod<U>({
    issuers: [],
    authorizationServers: [],
    bySub: false,
    scopes: [],
    resourceMetadata: () => undefined,
    userOf: async () => undefined,
    stranger: ({ refuse }) => refuse('token_invalid', { problem, hint }),
  })
}
