/** The repair of a leak in words and one line of auth.ts. One function a kind of repair. */

/** The handler is missing, or returns no filter. */
export function returnOwner(event: string): string {
  return `in auth.ts, let ${event} return the owner filter: .on("${event}", ({ user }) => ({ owner: user.identity }))`
}

/** The owner is taken from the client instead of from the user. */
export function stampOwner(event: string): string {
  return (
    `in auth.ts, let ${event} overwrite the owner and return it: .on("${event}", ({ value, user }) => { ` +
    'value.metadata = { ...value.metadata, owner: user.identity }; return { owner: user.identity } })'
  )
}

/** A store handler lets a namespace pass that isn't the caller's. */
export function guardNamespace(event: string): string {
  return (
    `in auth.ts, refuse every namespace that is not the caller's, a missing one too: .on("${event}", ({ value, user }) => ` +
    'value.namespace?.[0] === user.identity)'
  )
}

/** `authenticate` accepts what it should not. */
export function authenticate(what: string): string {
  return `in auth.ts, ${what}; throw new HTTPException(401) for everything else`
}

/** No handler is asked at all. */
export function serverBug(what: string): string {
  return `auth.ts can't fix this: ${what}. Upgrade the server, or keep the route off with a proxy`
}

/** A fix as people read it: the words, and the line of auth.ts where it names one. */
export interface Fix {
  readonly words: string
  readonly code?: string
}

/** Takes the handler out of the sentence: `in auth.ts, let ... : .on("threads:read", ...)`. */
export function fixOf(fix: string): Fix {
  const start = fix.search(/\.on\("[^"]+", \(\{/)
  if (start < 0) return { words: fix }
  const end = endOfCall(fix, start)
  const before = fix.slice(0, start).replace(/[\s:,]+$/, '')
  return { words: before + fix.slice(end), code: `auth${broken(fix.slice(start, end))}` }
}

/** Where the parenthesis closes that opens first. */
function endOfCall(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at + 1
  }
  return text.length
}

/** A body of several statements gets a line for each. */
function broken(code: string): string {
  const body = /^(.*=> )\{ (.*;.*) \}\)$/.exec(code)
  if (!body) return code
  const statements = String(body[2]).split('; ')
  return `${body[1]}{\n${statements.map((statement) => `  ${statement}`).join('\n')}\n})`
}
