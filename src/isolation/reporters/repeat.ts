/** Longer lines are broken between the arguments of curl. */
const WIDTH = 84
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

/**
 * The lines that repeat a request in a shell: the ids it needs come first, as variables, so that a second run needs to
 * change nothing but these.
 *
 * @example
 * // export THREAD=5331d9f8-...
 * // curl 'http://127.0.0.1:2024/threads/'"$THREAD" -H "authorization: Bearer $BOB"
 */
export function repeatLines(curl: string): string[] {
  const names = new Map<string, string>()
  const line = curl.replace(UUID, (id, at: number) => {
    const name = names.get(id) ?? variableFor(curl.slice(0, at), new Set(names.values()))
    names.set(id, name)
    return insideSingleQuotes(curl, at) ? `'"$${name}"'` : `$${name}`
  })
  return [...[...names].map(([id, name]) => `export ${name}=${id}`), ...broken(withoutEmptyQuotes(line))]
}

/** What is left of quotes that held nothing but the id. */
function withoutEmptyQuotes(line: string): string {
  return line.replace(/("\$[A-Z_\d]+")''/g, '$1').replace(/(^|\s)''("\$[A-Z_\d]+")/g, '$1$2')
}

/** What stands before an id says what it is: `/threads/`, `"assistant_id":"`. */
function variableFor(before: string, taken: ReadonlySet<string>): string {
  const kind = /(?:\/([a-z]+?)s\/|"([a-z]+)_id":\s*"|[?&]([a-z]+)_id=)$/.exec(before)
  const name = (kind?.[1] ?? kind?.[2] ?? kind?.[3] ?? 'id').toUpperCase()
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name}_${number}`)) number++
  return `${name}_${number}`
}

function insideSingleQuotes(line: string, at: number): boolean {
  let quote = ''
  for (let index = 0; index < at; index++) {
    const letter = line[index] as string
    if (letter === '\\' && quote !== "'") index++
    else if (quote === '') quote = letter === "'" || letter === '"' ? letter : ''
    else if (letter === quote) quote = ''
  }
  return quote === "'"
}

/** A line for as many arguments as fit, with a backslash at its end where more follow. */
function broken(line: string): string[] {
  const words = line.match(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/g) ?? [line]
  const lines: string[] = []
  let current = ''
  for (let index = 0; index < words.length; index++) {
    // A flag stays with its value.
    const flag = words[index] as string
    const takesValue = /^(-X|-H|--data-raw)$/.test(flag) && index + 1 < words.length
    const piece = takesValue ? `${flag} ${words[++index]}` : flag
    if (current !== '' && `${current} ${piece}`.length > WIDTH) {
      lines.push(`${current} \\`)
      current = `  ${piece}`
    } else current = current === '' ? piece : `${current} ${piece}`
  }
  return [...lines, current]
}
