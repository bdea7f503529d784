import type { CheckInfo, Family } from '../check.js'
import { about, attackersInWords, commandOf, FAMILIES } from './about.js'

/** More requests than this are the same idea in other spellings. */
const REQUESTS_SHOWN = 12

/** The page of a check, in Markdown: docs/checks/<id>.md, and the help text of a SARIF rule. */
export function checkPage(check: CheckInfo): string {
  const { attackers, title, fix, references, incidents } = about(check)
  return [
    `# ${check.id}`,
    `${title}.`,
    [
      '| severity | family | attackers | event |',
      '| --- | --- | --- | --- |',
      `| ${check.severity} | ${check.family} | ${attackersInWords(attackers)} | ${eventInWords(check.event)} |`,
    ].join('\n'),
    '## What it tries',
    ...whatItTries(check),
    ...(check.impact === undefined ? [] : ['## What an attacker gains', check.impact]),
    '## What the server should do',
    ...about(check).rules,
    '## How to fix it',
    `${sentence(fix.words)}`,
    ...(fix.code === undefined ? [] : [fenced('ts', fix.code)]),
    '## Run just this check',
    fenced('sh', `npx ${commandOf(check)}`),
    '## References',
    list(references.map(({ label, url }) => `[${label}](${url})`)),
    ...(incidents.length === 0
      ? []
      : [
          '## It has happened',
          list(incidents.map(({ where, what, url }) => `${url === undefined ? where : `[${where}](${url})`}: ${what}`)),
        ]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

/** docs/checks/README.md: all checks by family. */
export function checksIndexPage(checks: readonly CheckInfo[]): string {
  const families = Object.keys(FAMILIES) as Family[]
  const sections = families.flatMap((family) => {
    const own = checks.filter((check) => check.family === family).toSorted((a, b) => a.id.localeCompare(b.id))
    if (own.length === 0) return []
    const rows = own.map((check) => `| [${check.id}](${check.id}.md) | ${check.severity} | ${about(check).title} |`)
    return [
      `## ${family}: ${FAMILIES[family]}`,
      ['| check | severity | holds when |', '| --- | --- | --- |', ...rows].join('\n'),
    ]
  })
  return `${[
    '# The checks',
    `What \`authkit test-isolation\` tries, ${checks.length} checks by family. Each page says what an attacker would gain and how to fix it; \`authkit test-isolation --explain ID\` prints the same.`,
    ...sections,
  ].join('\n\n')}\n`
}

function whatItTries(check: CheckInfo): string[] {
  const { attackers, prepared, requests, control } = about(check)
  const shown = requests.slice(0, REQUESTS_SHOWN)
  const more = requests.length - shown.length
  return [
    ...(prepared.length > 0 ? ['Alice first sends:', fenced('http', prepared.join('\n\n'))] : []),
    ...(shown.length > 0
      ? [`Sent as ${attackersInWords(attackers, ', and as ')}:`, fenced('http', shown.join('\n\n'))]
      : ['What it sends depends on what comes back, and on what the checks before it left behind.']),
    ...(more > 0 ? [`And ${more} more in other spellings.`] : []),
    ...(control.length > 0
      ? [
          'That it works at all is proved by users on their own objects with:',
          fenced('http', control.slice(0, REQUESTS_SHOWN).join('\n\n')),
        ]
      : []),
    ...(check.optIn === undefined ? [] : [`It runs only with \`--${check.optIn}\`.`]),
  ]
}

function eventInWords(event: string | null): string {
  return event === null ? 'no handler is asked' : `\`${event}\``
}

/** The first letter large, unless a name begins it, and a full stop at the end. */
export function sentence(text: string): string {
  const large = text.replace(/^[a-z]+(?=[ ,])/, (word) => word.charAt(0).toUpperCase() + word.slice(1))
  return /[.!?]$/.test(large) ? large : `${large}.`
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}
