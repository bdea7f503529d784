import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Encrypts what has to outlive the process and must not be read by whoever gets hold of where it is kept: in the database
 * who a queued run or a cron runs as, in a file the tokens of a sign-in.
 */
export interface Seal {
  /** @param place Where the value is kept, such as `runs/<id>`. It opens nowhere else. */
  close(place: string, value: unknown): Uint8Array
  /** @throws Error where the bytes were changed, come from another place, or were sealed under another key. */
  open(place: string, sealed: Uint8Array): unknown
}

const VERSION = 1
const SALT_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + SALT_BYTES + IV_BYTES + TAG_BYTES

/** The length of a root key, in bytes. */
export const ROOT_KEY_BYTES = 32

/** A root key as people write it down: base64 or base64url in one line. Undefined for anything else, and another length. */
export function keyFromBase64(text: string): Uint8Array | undefined {
  const line = text.trim()
  const bytes = /^[\w+/-]+={0,2}$/.test(line) ? Buffer.from(line, 'base64') : Buffer.alloc(0)
  return bytes.length === ROOT_KEY_BYTES ? bytes : undefined
}

/**
 * Seals with AES-256-GCM, each value under a key of its own (HKDF-SHA-256 of the root key, NIST SP 800-38D and RFC 5869).
 *
 * @param rootKey 32 random bytes. Without any, what is sealed opens in this process only.
 * @throws RangeError for a key of another length.
 */
export function createSeal(rootKey: Uint8Array = randomBytes(ROOT_KEY_BYTES)): Seal {
  if (rootKey.length !== ROOT_KEY_BYTES) throw new RangeError(`A root key has ${ROOT_KEY_BYTES} bytes.`)
  const keyFor = (place: string, salt: Uint8Array) =>
    new Uint8Array(hkdfSync('sha256', rootKey, salt, `authkit.seal.v1/${place}`, 32))

  return {
    close(place, value) {
      const salt = randomBytes(SALT_BYTES)
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', keyFor(place, salt), iv).setAAD(Buffer.from(place))
      const text = Buffer.concat([cipher.update(JSON.stringify(value ?? null), 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(VERSION), salt, iv, cipher.getAuthTag(), text])
    },

    open(place, sealed) {
      const bytes = Buffer.from(sealed)
      if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) throw new Error('This is not a sealed value.')
      const salt = bytes.subarray(1, 1 + SALT_BYTES)
      const iv = bytes.subarray(1 + SALT_BYTES, 1 + SALT_BYTES + IV_BYTES)
      const tag = bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', keyFor(place, salt), iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(place))
        .setAuthTag(tag)
      return JSON.parse(decipher.update(bytes.subarray(HEAD_BYTES), undefined, 'utf8') + decipher.final('utf8'))
    },
  }
}
