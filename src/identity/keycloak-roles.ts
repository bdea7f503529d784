import { type Claims, stringsIn } from './token/claims.js'

/**
 * The roles of a Keycloak user, for the option `roles`: those of the realm (`realm_access.roles`), then those of the named
 * clients (`resource_access.<client>.roles`). Roles of other clients are not this service's.
 *
 * @example
 * oidc({ issuer: 'https://keycloak.example.com/realms/demo', audience: 'my-agent', roles: keycloakRoles('my-agent') })
 */
export function keycloakRoles(...clients: readonly string[]): (claims: Claims) => readonly string[] {
  return ({ realm_access: realm, resource_access: byClient }) => [
    ...rolesIn(realm),
    ...clients.flatMap((client) => rolesIn(fieldOf(byClient, client))),
  ]
}

function rolesIn(access: unknown): readonly string[] {
  return stringsIn(fieldOf(access, 'roles'))
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
