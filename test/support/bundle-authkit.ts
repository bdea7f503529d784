import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { AUTHKIT_ENTRY } from './authkit-entry.js'

/** Before the first test: packages stay outside, as in the built product. */
export async function setup(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/authkit-in-dev.ts', import.meta.url))],
    outfile: AUTHKIT_ENTRY,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  })
}
