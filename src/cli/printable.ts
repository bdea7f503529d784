// Cc is C0, DEL and C1: with them a terminal moves its cursor, wipes its screen or starts a new line. The others start a
// line too, or turn the order of the letters round.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/**
 * Text from outside as one harmless line: whatever would do something in a terminal stands there escaped.
 *
 * @example
 * printable('/x\n00:00:00  200') // '/x\\n00:00:00  200'
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escaped)
}

function escaped(char: string): string {
  if (char === '\n') return '\\n'
  const code = char.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** {@link printable} for JSON: a string in it may hold what JSON leaves as it is, and means the same when escaped. */
export function printableJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
