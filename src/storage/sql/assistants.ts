import { expressionBuilder, type Selectable, sql, type Transaction } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import type { Assistant, AssistantQuery, Assistants, AssistantVersion, PageQuery } from '../storage.js'
import type { Dialect } from './dialect.js'
import { metadataText } from './metadata-text.js'
import { pageColumns, withinPage } from './page-bytes.js'
import type { Schema } from './schema.js'
import { indexFor, metadataScope, metadataSearch, noteHidden } from './scope-sql.js'

type Row = Selectable<Schema['assistants']>
type VersionRow = Selectable<Schema['assistant_versions']>

const eb = expressionBuilder<Schema, 'assistants'>()

const SMALL = ['assistant_id', 'graph_id', 'name', 'description', 'version', 'created_at'] as const
const LARGE = ['config', 'context', 'metadata'] as const

const ASSISTANT_SORT = ['assistant_id', 'graph_id', 'name', 'created_at', 'updated_at'] as const

export function createAssistants(dialect: Dialect): Assistants {
  const { db } = dialect

  async function rowOf(scope: Scope, id: string, on: Transaction<Schema> | typeof db = db): Promise<Row | undefined> {
    const row = await on
      .selectFrom('assistants')
      .selectAll()
      .where('assistant_id', '=', id)
      .where(metadataScope(dialect, scope, 'assistants'))
      .executeTakeFirst()
    if (!row) await noteHidden(scope, () => exists(id, on))
    return row
  }

  async function exists(id: string, on: Transaction<Schema> | typeof db): Promise<boolean> {
    return Boolean(
      await on.selectFrom('assistants').select('assistant_id').where('assistant_id', '=', id).executeTakeFirst(),
    )
  }

  function versionRow(scope: Scope, id: string, version: number, on: Transaction<Schema> | typeof db = db) {
    return on
      .selectFrom('assistant_versions')
      .selectAll()
      .where('assistant_id', '=', id)
      .where('version', '=', version)
      .where(metadataScope(dialect, scope, 'assistant_versions'))
      .executeTakeFirst()
  }

  async function conditions(scope: Scope, { graph_id, name, metadata }: AssistantQuery) {
    await indexFor(dialect, scope, 'assistants', metadata)
    return eb.and([
      metadataScope(dialect, scope, 'assistants'),
      metadataSearch(dialect, scope, 'assistants', metadata),
      ...(graph_id === undefined ? [] : [eb('graph_id', '=', graph_id)]),
      // instr and not LIKE: a name may hold % and _.
      ...(name === undefined ? [] : [sql<boolean>`instr(lower(assistants.name), lower(${name})) > 0`]),
    ])
  }

  async function count(scope: Scope, query: AssistantQuery): Promise<number> {
    const where = await conditions(scope, query)
    const { total } = await db
      .selectFrom('assistants')
      .select((q) => q.fn.countAll<number>().as('total'))
      .where(where)
      .executeTakeFirstOrThrow()
    return Number(total)
  }

  return {
    count,

    async get(scope, id) {
      const row = await rowOf(scope, id)
      return row && toAssistant(row)
    },

    create(scope, { metadata, config, context, ...assistant }, ifExists) {
      return db.transaction().execute(async (trx) => {
        const now = new Date().toISOString()
        const row: Row = {
          ...assistant,
          config: JSON.stringify(config),
          context: JSON.stringify(context ?? null),
          metadata: metadataText(metadata),
          version: 1,
          created_at: now,
          updated_at: now,
        }
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('assistants')
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows) {
          await trx.insertInto('assistant_versions').values(versionOf(row)).execute()
          return toAssistant(row)
        }
        const existing = await rowOf(scope, assistant.assistant_id, trx)
        return ifExists === 'do_nothing' && existing ? toAssistant(existing) : undefined
      })
    },

    async search(scope, query, page) {
      const where = await conditions(scope, query)
      const { column, direction } = sorting(page)
      const listed = await db
        .selectFrom('assistants')
        .select([...SMALL, 'updated_at'])
        .select(pageColumns('assistants', LARGE))
        .where(where)
        .orderBy(column, direction)
        .orderBy('assistant_id', direction)
        .limit(page.limit)
        .offset(page.offset)
        .execute()
      const rows = await withinPage(listed, LARGE, ({ assistant_id }) => rowOf(scope, assistant_id))
      const known = listed.length < page.limit && (listed.length > 0 || page.offset === 0)
      return { rows: rows.map(toAssistant), total: known ? page.offset + listed.length : await count(scope, query) }
    },

    update(scope, id, { metadata, config, context, ...change }) {
      return db.transaction().execute(async (trx) => {
        const row = await rowOf(scope, id, trx)
        if (!row) return undefined
        const { newest } = await trx
          .selectFrom('assistant_versions')
          .select((q) => q.fn.max('version').as('newest'))
          .where('assistant_id', '=', id)
          .executeTakeFirstOrThrow()
        const now = new Date().toISOString()
        const changed: Row = {
          ...row,
          ...change,
          ...(config === undefined ? {} : { config: JSON.stringify(config) }),
          ...(context === undefined ? {} : { context: JSON.stringify(context) }),
          metadata: metadataText({ ...JSON.parse(row.metadata), ...metadata }, row.metadata),
          version: Number(newest) + 1,
          updated_at: now,
        }
        await trx.updateTable('assistants').set(changed).where('assistant_id', '=', id).execute()
        await trx
          .insertInto('assistant_versions')
          .values({ ...versionOf(changed), created_at: now })
          .execute()
        return toAssistant(changed)
      })
    },

    async delete(scope, id) {
      const deleted = await db.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('assistants')
          .where('assistant_id', '=', id)
          .where(metadataScope(dialect, scope, 'assistants'))
          .executeTakeFirst()
        // Whatever takes the id next is another assistant, which nobody made a cron for.
        if (numDeletedRows > 0n) await trx.deleteFrom('crons').where('assistant_id', '=', id).execute()
        return numDeletedRows > 0n
      })
      if (!deleted) await noteHidden(scope, () => exists(id, db))
      return deleted
    },

    async versions(scope, id, { metadata }, page) {
      // An old version may carry other metadata than the current row: the scope is held against both.
      if (!(await rowOf(scope, id))) return []
      const wanted = metadata ? [dialect.contains(sql.ref('assistant_versions.metadata'), metadata)] : []
      const listed = await db
        .selectFrom('assistant_versions')
        .select(SMALL)
        .select(pageColumns('assistant_versions', LARGE))
        .where('assistant_id', '=', id)
        .where(metadataScope(dialect, scope, 'assistant_versions'))
        .where(eb.and(wanted))
        .orderBy('version', 'desc')
        .limit(page.limit)
        .offset(page.offset)
        .execute()
      const rows = await withinPage(listed, LARGE, ({ version }) => versionRow(scope, id, version))
      return rows.map(toVersion)
    },

    setLatest(scope, id, version) {
      return db.transaction().execute(async (trx) => {
        const row = await rowOf(scope, id, trx)
        if (!row) return undefined
        const chosen = await versionRow(scope, id, version, trx)
        if (!chosen) return undefined
        const { created_at: _, ...fields } = chosen
        const changed: Row = { ...row, ...fields, updated_at: new Date().toISOString() }
        await trx.updateTable('assistants').set(changed).where('assistant_id', '=', id).execute()
        return toAssistant(changed)
      })
    },
  }
}

function versionOf({ updated_at: _, ...row }: Row): VersionRow {
  return row
}

function toAssistant(row: Row): Assistant {
  return { ...toVersion(row), updated_at: row.updated_at }
}

function toVersion(row: VersionRow): AssistantVersion {
  const { assistant_id, graph_id, name, description, version, created_at } = row
  return { assistant_id, graph_id, name, description, ...parsed(row), version, created_at }
}

function parsed({ config, context, metadata }: Pick<Row, 'config' | 'context' | 'metadata'>) {
  return { config: JSON.parse(config), context: JSON.parse(context), metadata: JSON.parse(metadata) }
}

function sorting({ sort_by, sort_order = 'desc' }: PageQuery) {
  return { column: ASSISTANT_SORT.find((known) => known === sort_by) ?? 'created_at', direction: sort_order }
}
