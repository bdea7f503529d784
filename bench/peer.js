import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('.peer', import.meta.url))
const VERSION = '1.5.1'
const PACKAGES = [
  `@langchain/langgraph-cli@${VERSION}`,
  '@langchain/langgraph@^1.7',
  '@langchain/core@^1.4',
  '@langchain/langgraph-sdk@1.15.0',
]

/** Installs what authkit is compared with, once, beside the bench: it is no dependency of authkit. */
export function installPeer() {
  const manifest = join(FOLDER, 'node_modules/@langchain/langgraph-cli/package.json')
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== VERSION) {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(join(FOLDER, '.gitignore'), '*\n')
    writeFileSync(join(FOLDER, 'package.json'), '{ "name": "authkit-bench-peer", "private": true, "type": "module" }\n')
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], { cwd: FOLDER, stdio: 'inherit' })
  }
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(FOLDER, 'node_modules', name, 'package.json'), 'utf8')).version
  return {
    folder: FOLDER,
    versions: {
      'langgraph-cli': versionOf('@langchain/langgraph-cli'),
      'langgraph-api': versionOf('@langchain/langgraph-api'),
      langgraph: versionOf('@langchain/langgraph'),
    },
  }
}
