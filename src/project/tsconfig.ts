import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'

/**
 * The tsconfig files that decide how a file of the project is compiled: those in the folders from it up to the root,
 * which need not exist, and those they extend by path.
 */
export async function tsconfigsFor(file: string, root: string): Promise<readonly string[]> {
  const found = new Set<string>()
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    await addWithBases(join(folder, 'tsconfig.json'), found)
    const fromRoot = relative(root, folder)
    if (fromRoot === '' || fromRoot.startsWith('..')) return [...found]
  }
}

async function addWithBases(path: string, found: Set<string>): Promise<void> {
  if (found.has(path)) return
  found.add(path)
  const text = await readFile(path, 'utf8').catch(() => '')
  // Not parsed: a file too many to watch does no harm, and tsconfig.json has comments.
  for (const [, base = ''] of text.matchAll(/"(\.\.?\/[^"\n]*)"/g)) {
    const target = resolve(dirname(path), base)
    if (/tsconfig|\.json$/.test(base)) await addWithBases(target.endsWith('.json') ? target : `${target}.json`, found)
  }
}
