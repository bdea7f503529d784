import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Stands for the content of a file at one moment. Two equal ones mean that there is nothing to reload. */
export type Fingerprint = string

/** The fingerprint of a file that is not there, or that cannot be read. */
export const ABSENT: Fingerprint = 'absent'

/** The fingerprint of some content. */
export function fingerprintOf(content: Uint8Array): Fingerprint {
  return createHash('sha1').update(content).digest('base64')
}

/** The fingerprint of a file as it is now. Never rejects: what cannot be read is {@link ABSENT}. */
async function fingerprintAt(path: string): Promise<Fingerprint> {
  const content = await readFile(path).catch(() => undefined)
  return content ? fingerprintOf(content) : ABSENT
}

/** {@link fingerprintAt} for many files at once. */
export async function fingerprintsAt(paths: Iterable<string>): Promise<ReadonlyMap<string, Fingerprint>> {
  return new Map(await Promise.all(Array.from(paths, async (path) => [path, await fingerprintAt(path)] as const)))
}
