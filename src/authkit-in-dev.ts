// What `import ... from "authkit"` means inside `authkit dev`: the same names, with placeholder tokens that work and a local
// issuer that counts. The dev server's bundler points the import here, so no variable and no flag can turn them on anywhere
// else.
export { Auth } from './engine/auth.js'
export { HTTPException } from './engine/http-exception.js'
export { isStudioUser } from './engine/user.js'
export { AuthError } from './identity/auth-error.js'
export { firstOf } from './identity/first-of.js'
export { devIntrospection as introspection } from './identity/introspection.js'
export { keycloakRoles } from './identity/keycloak-roles.js'
export { devOidc as oidc } from './identity/oidc.js'
export { devPlaceholderTokens as placeholderTokens } from './identity/placeholder-tokens.js'
export { devUserinfo as userinfo } from './identity/userinfo.js'
