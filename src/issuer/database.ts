import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { AuthkitError } from '../errors/authkit-error.js'

export type IssuerDatabase = Database.Database

const VERSION = 1

/** No id, no code and no token stands in it: names are hashed under a key, and what belongs to them is sealed. */
const SCHEMA = `
create table secrets (name text primary key, sealed blob not null) strict, without rowid;
create table entries (
  id blob primary key,
  alias blob,
  grant_id blob,
  sealed blob not null,
  consumed_at integer,
  expires_at integer
) strict, without rowid;
create index entries_alias on entries (alias) where alias is not null;
create index entries_grant on entries (grant_id) where grant_id is not null;
create index entries_expiry on entries (expires_at) where expires_at is not null;
pragma user_version = ${VERSION};
`

/**
 * Opens the file that keeps who is signed in, making it for its owner alone where it is missing.
 *
 * @throws AuthkitError `database_unusable`.
 */
export async function openIssuerDatabase(path: string): Promise<IssuerDatabase> {
  let db: IssuerDatabase | undefined
  try {
    if (path !== ':memory:') await makePrivateFile(path)
    db = new Database(path, { timeout: 5000 })
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    prepareSchema(db)
    return db
  } catch (error) {
    db?.close()
    const reason = error instanceof Error ? error.message : String(error)
    throw new AuthkitError('database_unusable', `The local issuer can't use ${path}: ${reason}.`, {
      hint: 'Delete the file: everyone signs in again, and nothing else is lost.',
      cause: error,
    })
  }
}

/** In one transaction: another process may open the file at the same moment. */
function prepareSchema(db: IssuerDatabase): void {
  const prepare = db.transaction(() => {
    const version = db.pragma('user_version', { simple: true })
    if (version === 0) db.exec(SCHEMA)
    else if (version !== VERSION) throw new Error('it was written by a newer authkit')
  })
  prepare.immediate()
}

async function makePrivateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  await file.close()
}
