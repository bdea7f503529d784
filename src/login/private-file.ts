import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'

/**
 * Writes a file that its owner alone may read, whole or not at all: whoever reads it meanwhile, or after a crash or a
 * power failure, finds what was there before or what is there now. One writer at a time; {@link withLock} sees to that.
 *
 * @throws AuthkitError `not_writable`.
 */
export async function writePrivately(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.new`
  try {
    await makePrivateFolder(dirname(path))
    // One that a crash left behind.
    await rm(draft, { force: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw notWritable(path, cause)
  }
}

/** Takes away a file that {@link writePrivately} wrote, and what a crash left of it. */
export async function removePrivately(path: string): Promise<void> {
  try {
    await rm(`${path}.new`, { force: true })
    await rm(path, { force: true })
  } catch (cause) {
    throw notWritable(path, cause)
  }
}

/** Makes a folder, and those around it that are not there, for its owner alone. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

export function notWritable(path: string, cause: unknown): AuthkitError {
  const { code } = cause as NodeJS.ErrnoException
  return new AuthkitError('not_writable', `${path} cannot be written: ${code ?? 'unknown error'}.`, {
    cause,
    hint: 'Check who may write there, or name another folder in AUTHKIT_HOME.',
  })
}

/** A new name lasts when the folder is on the disk. Windows has no such call, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
