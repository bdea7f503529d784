#!/usr/bin/env -S node --import tsx
// Runs the commands from src/, without a build.
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const [name = '', ...argv] = process.argv.slice(2)
const command = basename(name)
// A topic is a folder: `token inspect` is token/inspect.ts, and `token` itself is token/index.ts.
const candidates = [`${command}/${basename(argv[0] ?? '')}.ts`, `${command}/index.ts`, `${command}.ts`]
const [nested] = candidates
const file = candidates.find((file) => existsSync(new URL(`../src/commands/${file}`, import.meta.url))) ?? candidates[2]
try {
  const { default: Command } = await import(`../src/commands/${file}`)
  await Command.run(file === nested ? argv.slice(1) : argv, fileURLToPath(new URL('..', import.meta.url)))
} catch (error) {
  const { handle } = await import('@oclif/core/handle')
  await handle(error)
}
