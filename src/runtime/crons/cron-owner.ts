import type { User } from '../../engine/user.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Seal } from '../../seal/seal.js'
import type { DueCron } from '../../storage/storage.js'

/** Whom a cron belongs to and runs as, as it is stored: the name for everyone who reads it, the user sealed. */
export interface StoredOwner {
  readonly user_id: string | null
  readonly creator: Uint8Array | null
}

/** @throws AuthkitError `handler_failed` where the user can't be kept. */
export function sealOwner(seal: Seal, cronId: string, user: User | undefined): StoredOwner {
  if (!user) return { user_id: null, creator: null }
  try {
    return { user_id: user.identity, creator: seal.close(placeOf(cronId), user) }
  } catch (cause) {
    throw new AuthkitError('handler_failed', 'Internal Server Error', {
      cause: `the user that authenticate() returned can't be written as JSON: ${cause}`,
    })
  }
}

/**
 * Whom a cron runs as; undefined where it was made without users, which the rules refuse where there are any.
 *
 * @throws AuthkitError `forbidden` where that can't be read: then it runs as nobody.
 */
export function ownerOf(seal: Seal, { cron, creator }: DueCron): User | undefined {
  if (creator === null && cron.user_id === null) return undefined
  const user = creator === null ? undefined : opened(seal, cron.cron_id, creator)
  if (user?.identity !== cron.user_id) throw new AuthkitError('forbidden', 'Whom it runs as is not who it belongs to.')
  return user
}

function opened(seal: Seal, cronId: string, creator: Uint8Array): User {
  try {
    return seal.open(placeOf(cronId), creator) as User
  } catch (cause) {
    throw new AuthkitError(
      'forbidden',
      'Whom it runs as was sealed under another key. Any change by its owner seals it anew.',
      {
        cause,
      },
    )
  }
}

function placeOf(cronId: string): string {
  return `crons/${cronId}`
}
