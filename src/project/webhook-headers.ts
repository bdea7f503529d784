/** Which variables `webhooks.headers` may name where `webhooks.env_prefix` says nothing. */
export const WEBHOOK_ENV_PREFIX = 'LG_WEBHOOK_'

const EXPRESSION = /\$\{\{(.*?)\}\}/gs
const VARIABLE = /^\s*env\.([A-Za-z_]\w*)\s*$/

/** Set by the request itself. */
const NOT_TO_SET = ['connection', 'content-length', 'content-type', 'host', 'transfer-encoding', 'upgrade']

/**
 * What is wrong with one header of `webhooks.headers`; undefined where nothing is. Its value is not in the answer: it may
 * be a secret.
 */
export function headerProblem(name: string, template: string, prefix: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'is no name of a header.'
  if (NOT_TO_SET.includes(name.toLowerCase())) return 'is set by authkit.'
  if (hasControls(template)) return 'must be one line of text.'
  for (const [, expression = ''] of template.matchAll(EXPRESSION)) {
    const variable = VARIABLE.exec(expression)?.[1]
    if (variable === undefined) return `may hold \${{ env.${prefix}NAME }} and no other expression.`
    if (!variable.startsWith(prefix))
      return `names ${variable}, and only variables that begin with ${prefix} may be sent (webhooks.env_prefix).`
  }
  return undefined
}

/**
 * `Bearer ${{ env.LG_WEBHOOK_KEY }}` with the variable filled in.
 *
 * @returns The text, or the names of the variables that are not set or can't stand in a header.
 */
export function fillHeader(
  template: string,
  environment: NodeJS.ProcessEnv,
): { readonly text: string } | { readonly missing: readonly string[] } {
  const missing: string[] = []
  const text = template.replaceAll(EXPRESSION, (_, expression: string) => {
    const name = VARIABLE.exec(expression)?.[1] ?? ''
    const value = environment[name]
    if (value === undefined || value === '' || hasControls(value)) missing.push(name)
    return value ?? ''
  })
  return missing.length > 0 ? { missing } : { text }
}

function hasControls(text: string): boolean {
  return /[^\t\x20-\x7e\x80-\xff]/.test(text)
}
