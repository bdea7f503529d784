/** Each finds a credential; a first group is what stands before it and stays. */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:bearer|basic|token|apikey)\s+)[\w.~+/=-]{6,}/gi,
  // JSON Web Tokens.
  /\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g,
  // Keys that say whose they are.
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|lsv2|AKIA|AIza)[-_]?[\w-]{12,}/g,
  // Of a URL: its user, and what its query calls a secret.
  /(:\/\/)[^/\s@]+(?=@)/g,
  /([?&][\w.-]*(?:token|key|secret|passw|signature|code)[\w.-]*=)[^&\s"']+/gi,
  // Of a header or a field by its name.
  /(\b[\w-]*(?:authorization|cookie|api[-_]?key|token|secret|passw(?:or)?d)["']?\s*[:=]\s*["']?)(?!bearer |basic )[^\s"',;&]{6,}/gi,
]

/**
 * What looks like a credential in a text, replaced. For what graphs throw: the errors of HTTP clients like to quote the
 * request that failed.
 *
 * @example
 * withoutCredentials('401 for Authorization: Bearer abc.def.ghi') // '401 for Authorization: Bearer [secret]'
 */
export function withoutCredentials(text: string): string {
  return CREDENTIALS.reduce(
    (kept, pattern) =>
      kept.replaceAll(pattern, (_, before: unknown) => `${typeof before === 'string' ? before : ''}[secret]`),
    text,
  )
}
