/** Where `authkit dev` serves its own OpenID provider: `http://127.0.0.1:2024/_authkit/oidc`. */
export const LOCAL_ISSUER_PATH = '/_authkit/oidc'

/** The application that `authkit login` is to that provider: public, with any loopback callback and the device flow. */
export const LOCAL_CLIENT_ID = 'authkit-cli'
