import type { Cause } from './diagnosis.js'
import type { IsolationEvent, Summary } from './events.js'
import { exitCodeOf } from './policy/exit-code.js'
import { runSuite, type SuiteOptions } from './runner.js'

const NAMES: Readonly<Record<string, string>> = {
  Alice: 'Bob',
  Bob: 'Alice',
  alice: 'bob',
  bob: 'alice',
  ALICE: 'BOB',
  BOB: 'ALICE',
}

/**
 * The suite twice: Bob attacks Alice, then Alice attacks Bob. Rules are often lopsided, because the first user of a
 * project is its administrator. The second time it is the same play with the names exchanged, in keys and in texts, so its
 * results are `thread.read@alice`.
 */
export async function* runBothWays(options: SuiteOptions): AsyncGenerator<IsolationEvent> {
  let first: Extract<IsolationEvent, { kind: 'finished' }> | undefined
  for await (const event of runSuite(options)) {
    if (event.kind === 'started') yield { ...event, total: event.total * 2 }
    else if (event.kind === 'checked') yield event
    else first = event
  }
  if (!first) return
  if (first.stop || first.interrupted) {
    yield first
    return
  }
  const { alice, bob, ...others } = options.tokens
  const { ledgerFile } = options
  const reversed: SuiteOptions = {
    ...options,
    runId: undefined,
    tokens: { ...others, alice: bob, bob: alice },
    identities: { ...options.identities, alice: options.identities?.bob, bob: options.identities?.alice },
    ...(ledgerFile ? { ledgerFile: `${ledgerFile}.reversed` } : {}),
  }
  for await (const event of runSuite(reversed)) {
    if (event.kind === 'checked') yield withNamesExchanged(event)
    if (event.kind === 'finished') yield together(first, { ...withNamesExchanged(event), ledgers: event.ledgers })
  }
}

type Finished = Extract<IsolationEvent, { kind: 'finished' }>

function together(first: Finished, second: Finished): Finished {
  const counts = Object.entries(first.summary).map(([word, count]) => [
    word,
    count + second.summary[word as keyof Summary],
  ])
  const summary = Object.fromEntries(counts) as Summary
  const interrupted = second.interrupted
  return {
    ...second,
    summary,
    causes: togetherByCause([...first.causes, ...second.causes]),
    ledgers: [...first.ledgers, ...second.ledgers],
    cleanup:
      first.cleanup && second.cleanup
        ? {
            removed: first.cleanup.removed + second.cleanup.removed,
            left: [...first.cleanup.left, ...second.cleanup.left],
          }
        : second.cleanup,
    requests: first.requests + second.requests,
    ms: first.ms + second.ms,
    exitCode: exitCodeOf({ summary, stop: second.stop, interrupted }),
  }
}

/** The same mistake once, with what it explains on both ways. */
function togetherByCause(causes: readonly Cause[]): Cause[] {
  const found = new Map<string, Cause>()
  for (const cause of causes) {
    const checks = [...(found.get(cause.sentence)?.checks ?? []), ...cause.checks]
    found.set(cause.sentence, { ...cause, checks: [...new Set(checks)] })
  }
  return [...found.values()].sort((a, b) => b.checks.length - a.checks.length)
}

function withNamesExchanged<T>(value: T): T {
  const words = (text: string) =>
    text.replace(
      /Alice|Bob|(?<![\w./-])(?:alice|bob)(?![\w./-])|(?<=\$\{?)(?:ALICE|BOB)/g,
      (name) => NAMES[name] ?? name,
    )
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') return words(item)
    if (Array.isArray(item)) return item.map(walk)
    if (item === null || typeof item !== 'object') return item
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [words(key), walk(inner)]))
  }
  return walk(value) as T
}
