import { ROWS, ratioOf, shown, verdictsOf } from './budgets.js'

const HEAD = ['', 'authkit', 'langgraphjs', 'ratio', 'budget', '']

/** The rows that were measured, as cells of text. */
function cellsOf(results) {
  return ROWS.filter((row) => isShown(row, results[row.id])).map((row) => {
    const result = results[row.id]
    const ratio = ratioOf(row, result)
    const verdicts = verdictsOf(row, result)
    return [
      row.what,
      shown(result.authkit, row.unit),
      shown(result.peer, row.unit),
      ratio === undefined ? '' : shown(ratio, 'times'),
      verdicts.map(({ text }) => text).join(', '),
      verdicts.length === 0 ? '' : verdicts.every(({ ok }) => ok) ? 'ok' : 'OVER',
    ]
  })
}

/** What is hardly ever more than nothing is shown only then. */
function isShown({ rare }, result) {
  return result !== undefined && !(rare && !result.authkit && !result.peer)
}

export function table(results) {
  const rows = [HEAD, ...cellsOf(results)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const padded = (cell, column) =>
    column === 0 || column > 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
  return rows.map((row) => `  ${row.map(padded).join('  ')}`.trimEnd()).join('\n')
}

/** The same in Markdown, ratios first: for docs/benchmarks.md. */
export function markdown(results) {
  const lines = ['| what | ratio | authkit | langgraphjs dev | budget | |', '|---|--:|--:|--:|---|---|']
  for (const [what, authkit, peer, ratio, budget, ok] of cellsOf(results)) {
    lines.push(`| ${what.replace(/^ +/, '&emsp;')} | ${ratio} | ${authkit} | ${peer} | ${budget} | ${ok} |`)
  }
  return lines.join('\n')
}
