/** What the folder of `authkit dev` is called in a .gitignore. */
export const IGNORED = '.authkit/'

// A line that keeps .authkit on purpose (`!.authkit/`) counts too: whoever wrote it has decided.
const COVERS = /^!?(?:\/|\*\*\/)?(?:\.authkit|\.\*|\*)(?:\/(?:\*{1,2})?)?$/

/** The same .gitignore with `.authkit/` in it; unchanged where a line already covers it. */
export function withAuthkitIgnored(text: string): string {
  const lines = text.split(/\r?\n/)
  // Git keeps leading white space, drops it at the end, and knows nothing of a byte order mark but skips it.
  if (lines.some((line) => COVERS.test(line.replace(/^\uFEFF/, '').trimEnd()))) return text
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const separator = text === '' || text.endsWith('\n') ? '' : eol
  return `${text}${separator}${IGNORED}${eol}`
}
