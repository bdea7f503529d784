import { createHmac } from 'node:crypto'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { InvalidGrant } from 'oidc-provider/lib/helpers/errors.js'
import type { Seal } from '../seal/seal.js'
import type { IssuerDatabase } from './database.js'

export interface EntriesOptions {
  readonly db: IssuerDatabase
  readonly seal: Seal
  readonly indexKey: string
  /** Entries of one issuer mean nothing to another, though two servers of a project share the file. */
  readonly issuer: string
}

interface Row {
  readonly id: Buffer
  readonly sealed: Buffer
  readonly consumed_at: number | null
}

/** How long what has expired is kept, in seconds, so that it can still be said to have expired. */
const GRACE = 3600
const SWEEP_EVERY = 60

/**
 * Where oidc-provider keeps sessions, grants and tokens. An id is a credential, so the file holds its hash under a key that
 * is sealed, and everything else sealed for the place of that hash.
 */
export function createEntries({ db, seal, indexKey, issuer }: EntriesOptions): (kind: string) => Adapter {
  const key = Buffer.from(indexKey, 'base64url')
  const byId = db.prepare<[Buffer], Row>('select id, sealed, consumed_at from entries where id = ?')
  const byAlias = db.prepare<[Buffer], Row>('select id, sealed, consumed_at from entries where alias = ?')
  const write = db.prepare(
    `insert into entries (id, alias, grant_id, sealed, expires_at) values (?, ?, ?, ?, ?) on conflict (id) do update
     set alias = excluded.alias, grant_id = excluded.grant_id, sealed = excluded.sealed, expires_at = excluded.expires_at`,
  )
  const consume = db.prepare('update entries set consumed_at = ? where id = ? and consumed_at is null')
  const remove = db.prepare('delete from entries where id = ?')
  const removeGrant = db.prepare('delete from entries where grant_id = ?')
  const removeExpired = db.prepare('delete from entries where expires_at < ?')
  let sweptAt = 0

  function sweep(): void {
    if (now() - sweptAt < SWEEP_EVERY) return
    sweptAt = now()
    removeExpired.run(sweptAt - GRACE)
  }

  function hashOf(kind: string, what: 'id' | 'grant' | 'uid' | 'code', value: string): Buffer {
    return createHmac('sha256', key)
      .update(JSON.stringify([issuer, kind, what, value]))
      .digest()
  }

  function payloadOf(row: Row | undefined): AdapterPayload | undefined {
    if (!row) return undefined
    try {
      const payload = seal.open(placeOf(row.id), row.sealed) as AdapterPayload
      return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at }
    } catch {
      // What does not open is not there: nobody is signed in by it.
      return undefined
    }
  }

  return (kind) => {
    const hash = (what: 'id' | 'grant' | 'uid' | 'code', value: string) => hashOf(kind, what, value)
    return {
      async upsert(id, payload, expiresIn) {
        sweep()
        const hashed = hash('id', id)
        write.run(
          hashed,
          payload.uid ? hash('uid', payload.uid) : payload.userCode ? hash('code', payload.userCode) : null,
          payload.grantId ? hash('grant', payload.grantId) : null,
          seal.close(placeOf(hashed), payload),
          expiresIn === undefined ? null : now() + Math.ceil(expiresIn),
        )
      },
      find: async (id) => payloadOf(byId.get(hash('id', id))),
      findByUid: async (uid) => payloadOf(byAlias.get(hash('uid', uid))),
      findByUserCode: async (code) => payloadOf(byAlias.get(hash('code', code))),
      async consume(id) {
        const hashed = hash('id', id)
        if (consume.run(now(), hashed).changes > 0) return
        // Two requests at once with what is good for one. Nobody knows which of them is the thief, so the sign-in ends.
        const { grantId } = payloadOf(byId.get(hashed)) ?? {}
        if (grantId) remove.run(hashOf('Grant', 'id', grantId))
        throw new InvalidGrant('it has been used already')
      },
      destroy: async (id) => void remove.run(hash('id', id)),
      revokeByGrantId: async (grantId) => void removeGrant.run(hash('grant', grantId)),
    }
  }
}

function placeOf(hashedId: Buffer): string {
  return `issuer/entries/${hashedId.toString('base64url')}`
}

/** In seconds since 1970, as all of OAuth counts. */
function now(): number {
  return Math.floor(Date.now() / 1000)
}
