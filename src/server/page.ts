import type { Page } from '../storage/storage.js'

/** How many rows there are for this caller in all, and where the next page begins, if there is one. */
export function paginationHeaders<T>({ rows, total }: Page<T>, { offset }: { offset: number }): Record<string, string> {
  const next = offset + rows.length
  return {
    'x-pagination-total': String(total),
    ...(next < total && rows.length > 0 ? { 'x-pagination-next': String(next) } : {}),
  }
}

/** Only the columns that were asked for; all of them where none were. */
export function select<T extends object>(
  rows: readonly T[],
  columns: readonly (keyof T)[] | undefined,
): readonly Partial<T>[] {
  if (!columns || columns.length === 0) return rows
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])) as Partial<T>)
}
