import { type AliasedExpression, sql } from 'kysely'

/** What the JSON of one page may take. A server answers nobody else while it reads and writes a page. */
export const PAGE_BYTES = 32_000_000

/** What a row may take to be read with its page, whose limit is 1000 rows; larger ones are read one by one. */
const ROW_BYTES = PAGE_BYTES / 1000

/** A row of a page: columns that can be large are null where they are, though no column of a table is. */
export type PageRow<Row, Column extends keyof Row> = Omit<Row, Column> & {
  readonly [C in Column]: string | null
} & { readonly bytes: number }

/** The columns of a page that can be large, and what they take together. {@link withinPage} reads what they leave out. */
export function pageColumns<const Column extends string>(
  table: string,
  columns: readonly Column[],
): [AliasedExpression<number, 'bytes'>, ...AliasedExpression<string | null, Column>[]] {
  const largest = sql.lit(ROW_BYTES / columns.length)
  // SQLite knows how many bytes a text takes without reading it.
  const parts = columns.map((column) => ({ column, text: sql.ref(`${table}.${column}`) }))
  const bytes = sql.join(
    parts.map(({ text }) => sql`octet_length(${text})`),
    sql` + `,
  )
  const each = parts.map(({ column, text }) =>
    sql<string | null>`case when octet_length(${text}) <= ${largest} then ${text} end`.as(column),
  )
  return [sql<number>`(${bytes})`.as('bytes'), ...each]
}

/**
 * The rows of a page, whole, as far as they fit into {@link PAGE_BYTES}; the first one always does.
 *
 * @param columns Those of {@link pageColumns}.
 * @param read Reads one row whole, again in the scope of the page. Undefined where it is gone by now.
 * @example
 * const rows = await withinPage(found, ['kwargs'], ({ run_id }) => rowOf(scope, run_id))
 */
export async function withinPage<Light extends { readonly bytes: number }, Whole extends object>(
  found: readonly Light[],
  columns: readonly (keyof Light)[],
  read: (row: Light) => Promise<Whole | undefined>,
): Promise<(Light & Whole)[]> {
  const rows: (Light & Whole)[] = []
  let bytes = 0
  for (const row of found) {
    bytes += row.bytes
    if (bytes > PAGE_BYTES && rows.length > 0) break
    if (columns.some((column) => row[column] === null)) {
      const whole = await read(row)
      if (whole) rows.push({ ...row, ...whole })
    } else rows.push(row as Light & Whole)
  }
  return rows
}
