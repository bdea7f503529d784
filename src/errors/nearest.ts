/**
 * What was probably meant by a misspelt word, for "Did you mean ...?".
 *
 * @returns The candidate that takes the fewest edits (Levenshtein, in any case), and how many.
 * @example
 * nearest('thread:craete', keys) // { word: 'threads:create', edits: 3 }
 */
export function nearest(wrong: string, candidates: readonly string[]): { word: string; edits: number } {
  let best = { word: '', edits: Number.POSITIVE_INFINITY }
  for (const word of candidates) {
    const edits = editDistance(wrong.toLowerCase(), word.toLowerCase())
    if (edits < best.edits) best = { word, edits }
  }
  return best
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1]
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
