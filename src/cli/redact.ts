/**
 * Each finds a credential; a first group is what stands before it and stays. They take whatever text is thrown at them, so no
 * part of one may match what the part after it matches, and none that reads far may begin anew within what it has read.
 */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:bearer|basic|token|apikey)\s+)[\w.~+/=-]{6,}/gi,
  // JSON Web Tokens, signed or encrypted.
  /\beyJ[\w-]{4,}(?:\.{1,2}[\w-]+){0,4}/g,
  // Keys that say whose they are.
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|lsv2|AKIA|AIza)[-_]?[\w-]{12,}/g,
  // Of a URL: its user, and what its query calls a secret.
  /(:\/\/)[^/\s@]+(?=@)/g,
  /([?&](?=[\w.-]*(?:token|key|secret|passw|signature|code))[\w.-]+=)[^&\s"']+/gi,
  // Of a header or a field by its name.
  /((?:authorization|cookie|api[-_]?key|token|secret|passw(?:or)?d)["']?\s*[:=]\s*["']?)(?!bearer |basic )[^\s"',;&]{6,}/gi,
]

/** As much of an error as anybody reads. */
const LONGEST = 8000

/**
 * What looks like a credential in a text, replaced; a text that is too long is cut. For what graphs throw: the errors of HTTP
 * clients like to quote the request that failed.
 *
 * @example
 * withoutCredentials('401 for Authorization: Bearer abc.def.ghi') // '401 for Authorization: Bearer [secret]'
 */
export function withoutCredentials(text: string): string {
  const shown = text.slice(0, readableEnd(text))
  const redacted = CREDENTIALS.reduce(
    (kept, pattern) =>
      kept.replaceAll(pattern, (_, before: unknown) => `${typeof before === 'string' ? before : ''}[secret]`),
    shown,
  )
  return shown === text ? redacted : `${redacted}[${text.length - shown.length} more characters]`
}

/** Where to cut a text. What a cut would go through is left out whole: half a credential may look like none. */
function readableEnd(text: string): number {
  if (text.length <= LONGEST) return text.length
  let end = LONGEST
  while (end > 0 && !/[\s"']/.test(text.charAt(end - 1))) end--
  return end
}
