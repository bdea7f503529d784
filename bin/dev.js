#!/usr/bin/env -S node --import tsx
// Runs the commands from src/, without a build.
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const [name = '', ...argv] = process.argv.slice(2)
try {
  const { default: Command } = await import(`../src/commands/${basename(name)}.ts`)
  await Command.run(argv, fileURLToPath(new URL('..', import.meta.url)))
} catch (error) {
  const { handle } = await import('@oclif/core/handle')
  await handle(error)
}
