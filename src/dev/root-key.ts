import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import { keyFromBase64, ROOT_KEY_BYTES } from '../seal/seal.js'

export interface RootKeyOptions {
  /** The folder of the project. */
  readonly root: string
  /** True for a database that ends with the process: then the key does too. */
  readonly inMemory: boolean
  readonly environment: NodeJS.ProcessEnv
}

/**
 * The key that everything sealed in the database opens with: AUTHKIT_ROOT_KEY (32 bytes in base64), the file that
 * AUTHKIT_ROOT_KEY_FILE names, or `.authkit/root.key`, which is made for its owner alone where it is not there.
 *
 * @throws AuthkitError `root_key_invalid`. Nothing of the key is in it.
 */
export async function readRootKey({ root, inMemory, environment }: RootKeyOptions): Promise<Uint8Array> {
  const given = environment['AUTHKIT_ROOT_KEY']
  if (given) return keyFrom(Buffer.from(given), 'AUTHKIT_ROOT_KEY')
  const named = environment['AUTHKIT_ROOT_KEY_FILE']
  if (named) return keyFrom(await contentOf(named, 'AUTHKIT_ROOT_KEY_FILE'), named)
  if (inMemory) return randomBytes(ROOT_KEY_BYTES)
  const path = join(root, '.authkit', 'root.key')
  const there = await readFile(path).catch(ifAbsent)
  if (there) return keyFrom(there, '.authkit/root.key')
  await makeKeyFile(path)
  // Not the bytes that were made: another process may have been first.
  return keyFrom(await contentOf(path, '.authkit/root.key'), '.authkit/root.key')
}

/** Base64 in one line, or the bytes themselves, as secrets are often mounted. */
function keyFrom(content: Buffer, name: string): Uint8Array {
  const key = content.length === ROOT_KEY_BYTES ? content : keyFromBase64(content.toString('latin1'))
  if (key) return key
  throw new AuthkitError('root_key_invalid', `${name} must hold ${ROOT_KEY_BYTES} bytes, in base64.`)
}

async function contentOf(path: string, name: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new AuthkitError('root_key_invalid', `${name} cannot be read: ${code ?? 'unknown error'}.`, { cause })
  }
}

/** Makes the file whole or not at all, and leaves one that is there alone: what is sealed opens with the first only. */
async function makeKeyFile(path: string): Promise<void> {
  const folder = dirname(path)
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // The project may be under version control without having seen `authkit init`.
    await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(ifThere)
    await writeFile(draft, `${randomBytes(ROOT_KEY_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
    // Some file systems know no links.
    const copied = (error: NodeJS.ErrnoException) =>
      error.code === 'EEXIST' ? undefined : copyFile(draft, path, constants.COPYFILE_EXCL)
    await link(draft, path).catch(copied).catch(ifThere)
    await unlink(draft)
  } catch (cause) {
    throw new AuthkitError('root_key_invalid', '.authkit/root.key cannot be written.', { cause })
  }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')
    throw new AuthkitError('root_key_invalid', `.authkit/root.key cannot be read: ${error.code}.`, { cause: error })
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
