// What `import ... from "authkit"` means inside `authkit dev`: the same names, with placeholder tokens that work.
// The dev server's bundler points the import here, so no variable and no flag can turn them on anywhere else.
export { Auth } from './engine/auth.js'
export { HTTPException } from './engine/http-exception.js'
export { isStudioUser } from './engine/user.js'
export { devPlaceholderTokens as placeholderTokens } from './identity/placeholder-tokens.js'
