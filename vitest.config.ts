import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { authkit: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/bundle-authkit.ts',
    pool: 'threads',
    // A whole suite is played in many tests; on a slow machine that takes a while.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
