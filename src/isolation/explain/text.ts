import type { CheckInfo } from '../check.js'
import type { Colours } from '../reporters/text.js'
import { wrapped } from '../reporters/wording.js'
import { about, attackersInWords, commandOf } from './about.js'
import { sentence } from './page.js'

const WIDTH = 92

/** What `--explain` prints: the page of a check, for a terminal. */
export function explainText(check: CheckInfo, { bold, dim }: Pick<Colours, 'bold' | 'dim'>): string {
  const { title, attackers, prepared, requests, control, rules, fix, references, incidents } = about(check)
  const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => wrapped(text, WIDTH))
  const written = (drawn: readonly string[]) => drawn.flatMap((text) => text.split('\n'))
  const sections: readonly (readonly [heading: string, lines: readonly string[]])[] = [
    ['Alice first sends', written(prepared)],
    [`Sent as ${attackersInWords(attackers, ', and as ')}`, written(requests)],
    ['That it works at all is proved by users on their own objects with', written(control)],
    ['What an attacker gains', paragraphs(check.impact === undefined ? [] : [check.impact])],
    ['What the server should do', paragraphs(rules)],
    [
      'How to fix it',
      [...wrapped(sentence(fix.words), WIDTH), ...(fix.code === undefined ? [] : ['', ...fix.code.split('\n')])],
    ],
    ['Run just this check', [commandOf(check)]],
    ['References', references.flatMap(({ label, url }) => [label, dim(`  ${url}`)])],
    [
      'It has happened',
      incidents.flatMap(({ where, what, url }) => [
        ...wrapped(`${where}: ${what}`, WIDTH),
        ...(url === undefined ? [] : [dim(`  ${url}`)]),
      ]),
    ],
    ['Page', [`docs/checks/${check.id}.md`]],
  ]
  return [
    `  ${bold(check.id)}  ${check.severity}, ${check.family}, ${check.event ?? 'no handler is asked'}`,
    `  ${title}.`,
    ...sections.flatMap(([heading, lines]) =>
      lines.length === 0 ? [] : ['', `  ${bold(heading)}`, ...lines.map((line) => `    ${line}`.trimEnd())],
    ),
  ].join('\n')
}
