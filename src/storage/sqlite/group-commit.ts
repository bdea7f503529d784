import type Database from 'better-sqlite3'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { AuthkitError } from '../../errors/authkit-error.js'

interface Write {
  readonly statement: Database.Statement
  readonly parameters: readonly unknown[]
  readonly resolve: (result: QueryResult<never>) => void
  readonly reject: (error: unknown) => void
}

/**
 * SQLite for kysely, with group commit: writes of requests that are served at the same time share one commit, which is what
 * a write costs most. Each is acknowledged after that commit, so nothing acknowledged can be lost; each fails alone.
 *
 * There is one connection, and SQLite runs one statement at a time. A transaction keeps the others waiting until it ends.
 *
 * @param prepare Gives the statement for a text, prepared once.
 */
export function groupCommitDialect(
  connection: Database.Database,
  prepare: (text: string) => Database.Statement,
): Dialect {
  /** The holder of the transaction that is open, and what the others wait for. */
  let open: { readonly holder: DatabaseConnection; readonly ended: Promise<void>; readonly end: () => void } | undefined
  let group: Write[] = []

  function commitGroup(): void {
    if (open) {
      // They are not part of that transaction, which may be rolled back.
      void open.ended.then(commitGroup)
      return
    }
    const writes = group
    group = []
    const [only] = writes
    if (only && writes.length === 1) {
      settle(only, attempt(only.statement, only.parameters))
      return
    }
    try {
      connection.exec('begin immediate')
      const outcomes = writes.map(({ statement, parameters }) => attempt(statement, parameters))
      // Some failures, such as a full disk, take the whole transaction back.
      if (!connection.inTransaction) throw outcomes.find((outcome) => 'error' in outcome)?.error
      connection.exec('commit')
      for (const [index, write] of writes.entries()) settle(write, outcomes[index] as Outcome)
    } catch (error) {
      if (connection.inTransaction) connection.exec('rollback')
      for (const { reject } of writes) reject(error)
    }
  }

  function connect(): DatabaseConnection {
    const self: DatabaseConnection = {
      async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
        while (open && open.holder !== self) await open.ended
        try {
          const statement = prepare(sql)
          if (open || statement.readonly) return run<R>(statement, parameters)
          return await new Promise((resolve, reject) => {
            if (group.length === 0) setImmediate(commitGroup)
            group.push({ statement, parameters, resolve: resolve as Write['resolve'], reject })
          })
        } catch (error) {
          throw explained(error)
        }
      },
      // biome-ignore lint/correctness/useYield: nothing here streams rows; the interface asks for it
      async *streamQuery() {
        throw new Error('Rows are not streamed from SQLite.')
      },
    }
    return self
  }

  async function begin(holder: DatabaseConnection): Promise<void> {
    while (open) await open.ended
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    open = { holder, ended, end }
    try {
      connection.exec('begin immediate')
    } catch (error) {
      finish(holder)
      throw explained(error)
    }
  }

  function rollback(holder: DatabaseConnection): void {
    if (open?.holder === holder && connection.inTransaction) connection.exec('rollback')
    finish(holder)
  }

  function finish(holder: DatabaseConnection): void {
    if (open?.holder !== holder) return
    const { end } = open
    open = undefined
    end()
  }

  return {
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createDriver: () => ({
      init: async () => {},
      acquireConnection: async () => connect(),
      releaseConnection: async () => {},
      beginTransaction: begin,
      async commitTransaction(holder) {
        try {
          connection.exec('commit')
        } catch (error) {
          throw explained(error)
        } finally {
          rollback(holder) // which does nothing where the commit has been made
        }
      },
      rollbackTransaction: async (holder) => rollback(holder),
      async destroy() {
        if (group.length > 0) commitGroup()
        connection.close()
      },
    }),
  }
}

/** What SQLite says where the disk has no more room. */
const NO_ROOM = /^SQLITE_(FULL|IOERR_(WRITE|FSYNC|TRUNCATE|SHMSIZE|SHMOPEN|SHMMAP))$/

/** An error of the database as its user can understand it, where that is not a bug. */
function explained(error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string' || !NO_ROOM.test(code)) return error
  return new AuthkitError('storage_full', 'The database cannot be written: the disk is full, or fails.', {
    cause: error,
  })
}

type Outcome = { readonly result: QueryResult<never> } | { readonly error: unknown }

function attempt(statement: Database.Statement, parameters: readonly unknown[]): Outcome {
  try {
    return { result: run<never>(statement, parameters) }
  } catch (error) {
    return { error }
  }
}

function settle({ resolve, reject }: Write, outcome: Outcome): void {
  if ('error' in outcome) reject(outcome.error)
  else resolve(outcome.result)
}

function run<R>(statement: Database.Statement, parameters: readonly unknown[]): QueryResult<R> {
  if (statement.reader) return { rows: statement.all(...parameters) as R[] }
  const { changes, lastInsertRowid } = statement.run(...parameters)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
}
