import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AuthkitError } from '../../errors/authkit-error.js'
import { createSeal, keyFromBase64, type Seal } from '../../seal/seal.js'
import { removePrivately, writePrivately } from '../private-file.js'
import { parseLogin, serializeLogin } from './stored-json.js'
import type { TokenStore } from './token-store.js'

export interface TokenFilesOptions {
  /** The folder of authkit's own. */
  readonly home: string
  /** `AUTHKIT_TOKEN_KEY` of it is what the files are sealed under. */
  readonly environment: NodeJS.ProcessEnv
}

/** What others may do with a file: nothing of it is wanted. */
const OTHERS = 0o077

/**
 * Tokens in a file a profile, sealed with AES-256-GCM for its profile alone, so that one that is copied to another name
 * does not open. It is for containers and CI, and never chosen unasked.
 *
 * What is not noticed: an older file put back in its own place. With rotation, its refresh token is worth nothing.
 */
export function openTokenFiles({ home, environment }: TokenFilesOptions): TokenStore {
  const folder = join(home, 'tokens')
  // A file of its own for each name: Windows can't have one that is called `con`.
  const pathOf = (profile: string) => join(folder, `profile-${profile}.sealed`)
  const placeOf = (profile: string) => `login/${profile}`
  const seal = () => sealUnder(environment['AUTHKIT_TOKEN_KEY'])

  return {
    kind: 'file',
    title: `encrypted files in ${folder}`,

    async read(profile) {
      const path = pathOf(profile)
      const sealed = await contentOf(path)
      if (!sealed) return undefined
      const login = parseLogin(opened(seal(), placeOf(profile), sealed))
      if (login) return login
      throw new AuthkitError(
        'tokens_unreadable',
        `${path} does not open with this AUTHKIT_TOKEN_KEY, or it was changed.`,
      )
    },
    async write(profile, login) {
      await writePrivately(pathOf(profile), seal().close(placeOf(profile), serializeLogin(login)))
    },
    remove: (profile) => removePrivately(pathOf(profile)),
    async assertWritable() {
      const probe = join(folder, '.probe')
      await writePrivately(probe, seal().close('probe', null))
      await removePrivately(probe)
    },
  }
}

function sealUnder(key: string | undefined): Seal {
  if (!key)
    throw new AuthkitError(
      'token_key_invalid',
      'AUTHKIT_TOKEN_KEY is not set, and tokens in files are sealed under it.',
    )
  const bytes = keyFromBase64(key)
  if (bytes) return createSeal(bytes)
  throw new AuthkitError('token_key_invalid', 'AUTHKIT_TOKEN_KEY must hold 32 bytes, in base64.')
}

/** What was sealed; nothing that could be read where it does not open. */
function opened(seal: Seal, place: string, sealed: Uint8Array): string {
  try {
    return String(seal.open(place, sealed))
  } catch {
    return ''
  }
}

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new AuthkitError('tokens_unreadable', `${path} cannot be read: ${code}.`, { cause })
  }
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0')
      throw new AuthkitError('tokens_exposed', `${path} may be read or changed by others: its mode is ${octal}.`)
    }
    return await file.readFile()
  } finally {
    await file.close()
  }
}
