import { type ActorName, WHO } from '../actor.js'
import type { CheckInfo } from '../check.js'
import type { Acceptance } from '../events.js'
import type { Evidence } from '../evidence.js'
import type { Verdict } from '../verdict.js'

/** What holds, in one sentence. */
export function titleOf({ title }: CheckInfo, actor: ActorName): string {
  return title.replaceAll('{who}', WHO[actor])
}

/** What happened, in one sentence. */
export function failureOf({ failure }: CheckInfo, actor: ActorName): string {
  return failure.replaceAll('{who}', WHO[actor])
}

/** How the server refused, or why nothing was decided. */
export function reasonOf(verdict: Verdict): string | null {
  if (verdict.kind === 'leak') return null
  if (verdict.kind === 'isolated') {
    return [verdict.note, ...(verdict.byRole ? ['by role'] : []), ...(verdict.remarks ?? [])].join(', ')
  }
  return verdict.reason
}

/** What helps against an open verdict, by its reason. */
const ADVICE: readonly (readonly [reason: RegExp, advice: string])[] = [
  [/the intent file says/, 'open it to them, or take it out of the intent file'],
  [/crash/, "look for the request in the server's log; whoever is unknown or not allowed gets a 401, 403 or 404"],
  [/rate limited/, 'send less at a time with --concurrency 1, or lift the limit for the test users'],
  [/no answer in time/, "look into the server's log, or wait longer with --timeout"],
  [/time was over/, 'give the run longer with --max-time, or less to do with --only'],
  [/reset/, "look into the server's log for why it closed the connection"],
  [/too long/, 'test against a server with less data in it'],
  [
    /could not create|could not prepare|is refused as well/,
    'give the test users the right to do it, or --skip the check',
  ],
  [
    /show what was planted|answers are empty|changed nothing/,
    'see with --keep what the server stored of what was sent',
  ],
  [/could not be read afterwards|can't read her own/, "see why Alice can't read what is hers"],
]

export function adviceFor(reason: string): string {
  const found = ADVICE.find(([pattern]) => pattern.test(reason))
  return found?.[1] ?? 'run the check alone with --only and --verbose'
}

/** The word of a cell and of a line, so that nothing depends on colour. */
export type Word = Verdict['kind'] | 'accepted'
export const WORDS: Readonly<Record<Word, string>> = {
  isolated: 'ok',
  leak: 'LEAK',
  accepted: 'known',
  inconclusive: 'open',
  skipped: 'skip',
}

/** A canary says more than a status; one line a slot. */
export function strongest(evidence: readonly Evidence[]): Evidence[] {
  const seen = new Set<string>()
  const distinct = evidence.filter(({ slot, route }) => {
    const key = `${slot} ${route}`
    return seen.has(key) ? false : seen.add(key)
  })
  return distinct.sort((a, b) => Number(a.slot === 'answer') - Number(b.slot === 'answer'))
}

/** `thread.metadata at metadata.secret: "iso..."`. */
export function sawOf({ slot, where, excerpt }: Evidence): string {
  return `${slot}${where === 'answer' ? '' : ` at ${where}`}: ${excerpt}`
}

/** `we fix this in June (Dana, until 2026-06-30)`. */
export function acceptedBecause(acceptance: Acceptance | undefined): string {
  if (!acceptance) return ''
  const { reason, by, until } = acceptance
  const notes = [...(by === undefined ? [] : [by]), ...(until === undefined ? [] : [`until ${until}`])]
  return `${reason}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Lines of at most so many characters, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}
