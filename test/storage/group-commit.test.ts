import Database from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { groupCommitDialect } from '../../src/storage/sqlite/group-commit.js'

interface Tables {
  t: { id: number; name: string }
}

let connection: Database.Database
let db: Kysely<Tables>
let commits: number

beforeEach(() => {
  commits = 0
  connection = new Database(':memory:', { verbose: (text) => void (text === 'commit' && commits++) })
  connection.exec('create table t (id integer primary key, name text not null)')
  db = new Kysely<Tables>({ dialect: groupCommitDialect(connection, (text) => connection.prepare(text)) })
})
afterEach(() => db.destroy())

const insert = (id: number, name: string | null = 'x') =>
  db
    .insertInto('t')
    .values({ id, name: name as string })
    .execute()
const ids = async () => (await db.selectFrom('t').select('id').orderBy('id').execute()).map(({ id }) => id)

it('shares one commit between writes that come together', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, id) => insert(id)))
  expect(await ids()).toHaveLength(50)
  expect(commits).toBe(1)
})

it('lets each write fail alone', async () => {
  const outcomes = await Promise.allSettled([insert(1), insert(1), insert(2, null), insert(3)])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(await ids()).toEqual([1, 3])
})

it('tells everybody in the group when the commit fails', async () => {
  connection.exec('create table parent (id integer primary key)')
  connection.exec('create table child (id integer references parent deferrable initially deferred)')
  connection.pragma('foreign_keys = on')
  const orphan = sql`insert into child values (7)`.execute(db)
  const outcomes = await Promise.allSettled([insert(1), orphan])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ids()).toEqual([])
  await insert(2)
  expect(await ids()).toEqual([2])
})

it('keeps writes out of a transaction that is not theirs, so that its rollback does not take them along', async () => {
  let write: Promise<unknown> | undefined
  const rolledBack = db.transaction().execute(async (trx) => {
    await trx.insertInto('t').values({ id: 1, name: 'inside' }).execute()
    write = insert(2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    throw new Error('changed my mind')
  })
  await expect(rolledBack).rejects.toThrow('changed my mind')
  await write
  expect(await ids()).toEqual([2])
})

it('shows nobody else what a transaction has not committed', async () => {
  let seen: Promise<number[]> | undefined
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('t').values({ id: 1, name: 'inside' }).execute()
    seen = ids()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await trx.insertInto('t').values({ id: 2, name: 'inside' }).execute()
  })
  expect(await seen).toEqual([1, 2])
})

it('runs transactions one after the other', async () => {
  const bump = () =>
    db.transaction().execute(async (trx) => {
      const { n } = await trx
        .selectFrom('t')
        .select((q) => q.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
      await new Promise((resolve) => setImmediate(resolve))
      await trx.insertInto('t').values({ id: n, name: 'x' }).execute()
    })
  await Promise.all(Array.from({ length: 20 }, bump))
  expect(await ids()).toHaveLength(20)
})

it('goes on after a transaction whose commit failed', async () => {
  connection.exec('create table parent (id integer primary key)')
  connection.exec('create table child (id integer references parent deferrable initially deferred)')
  connection.pragma('foreign_keys = on')
  const failing = db.transaction().execute((trx) => sql`insert into child values (7)`.execute(trx))
  await expect(failing).rejects.toThrow('FOREIGN KEY')
  await insert(1)
  expect(await ids()).toEqual([1])
})
