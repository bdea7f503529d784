import { AuthkitError } from '../../errors/authkit-error.js'
import { KeychainFailure } from './keychain-process.js'

interface Cause {
  /** In the keychain's own message. */
  readonly says: RegExp
  readonly message: string
  readonly first?: string
}

/** What libsecret, gnome-keyring, KWallet and the others say, and what it means. */
const CAUSES: readonly Cause[] = [
  {
    says: /autolaunch D-Bus|could not connect|connection refused|\$DBUS|no such file|connection is closed|address/i,
    message: 'There is no D-Bus session here, and without one no keychain.',
    first: 'Start one: `dbus-run-session -- bash`, then unlock a keyring in it.',
  },
  {
    says: /not provided by any \.service|org\.freedesktop\.secrets|ServiceUnknown|NameHasNoOwner/i,
    message: 'No keychain runs in this D-Bus session.',
    first: 'Install and start one, such as gnome-keyring.',
  },
  {
    says: /locked|dismissed|interaction is not allowed|user name or passphrase/i,
    message: 'The keychain is locked.',
    first: 'Unlock it.',
  },
  {
    says: /does not exist at path|collection/i,
    message: 'The keychain has no keyring to put tokens in, or it is locked.',
    first: 'Make one and unlock it: `gnome-keyring-daemon --unlock` takes its password from stdin.',
  },
]

const OTHERWISE =
  'keep tokens in an encrypted file: --token-store file, with a key in AUTHKIT_TOKEN_KEY (`openssl rand -base64 32`). Or give a token in AUTHKIT_TOKEN.'

/** What a call to the keychain failed with, as people can act on it. */
export function keychainError(error: unknown, platform: NodeJS.Platform): unknown {
  if (error instanceof RangeError) {
    return new AuthkitError('tokens_unreadable', 'Parts of what the keychain holds of this profile are gone.', {
      cause: error,
    })
  }
  if (!(error instanceof KeychainFailure)) return error
  const { message, first } = causeOf(error, platform)
  const hint = first === undefined ? `Instead, ${OTHERWISE}` : `${first} Or ${OTHERWISE}`
  return new AuthkitError('keychain_unavailable', message, { cause: error, hint })
}

function causeOf({ reason, message }: KeychainFailure, platform: NodeJS.Platform): Omit<Cause, 'says'> {
  switch (reason) {
    case 'not-installed':
      return {
        message: 'The package keytar, which asks the keychain, is not installed.',
        first: 'Install authkit again, with optional dependencies.',
      }
    case 'not-loadable':
      return platform === 'linux'
        ? {
            message: 'libsecret, which asks the keychain, is not installed.',
            first: 'Install it: `apt-get install libsecret-1-0`, or as your system calls it.',
          }
        : { message: 'The package keytar, which asks the keychain, does not load.', first: 'Install authkit again.' }
    case 'no-answer':
      return {
        message: message,
        first: 'It may be waiting for its password: look for a window that asks, unlock it, and run this again.',
      }
    case 'ended':
      return { message: 'The keychain could not be asked: the process that asks it ended.' }
    case 'refused':
      return CAUSES.find(({ says }) => says.test(message)) ?? { message: `The keychain refused: ${firstLine(message)}` }
  }
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0]?.trim() ?? ''
  return line.endsWith('.') ? line : `${line}.`
}
