import { fileURLToPath } from 'node:url'

/**
 * What `import "authkit"` means in projects that tests serve: src/authkit-in-dev.ts, bundled once for all tests by
 * {@link file://./bundle-authkit.ts}. The source itself would be bundled anew at every reload.
 */
export const AUTHKIT_ENTRY = fileURLToPath(new URL('../../.authkit/test/authkit-in-dev.js', import.meta.url))
