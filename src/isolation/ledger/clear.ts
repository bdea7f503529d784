import { createCredentials, type Tokens } from '../actor.js'
import { createSecrets, lookalike } from '../canary.js'
import { createClient } from '../client.js'
import { createEvidenceMaker } from '../evidence.js'
import { createRedact, redactDeep } from '../redact.js'
import { createTransport } from '../wire/transport.js'
import { type Cleanup, cleanUp } from './cleanup.js'
import type { ReadJournal } from './journal.js'
import { createLedger } from './ledger.js'

export interface ClearOptions {
  readonly target: URL
  readonly tokens: Tokens
  readonly journal: ReadJournal
  readonly timeoutMs?: number
  /** A certificate authority to trust besides the usual ones, as PEM. */
  readonly ca?: string | undefined
  readonly concurrency?: number
}

/** Removes what an earlier run left on a server, by the ledger it wrote. Only what stands in it is touched. */
export async function clearUp(options: ClearOptions): Promise<Cleanup> {
  const { target, tokens, journal, timeoutMs = 10_000, concurrency = 8 } = options
  const credentials = createCredentials({ tokens, junk: lookalike(tokens.alice) })
  const ledger = createLedger({ agents: () => [] })
  for (const entry of journal.entries) ledger.adopt(entry)
  const transport = await createTransport(target, { ca: options.ca })
  const evidence = createEvidenceMaker({ target, credentials })
  try {
    const client = createClient({
      transport,
      credentials,
      ledger,
      secrets: createSecrets(),
      userAgent: `authkit-isolation (+${journal.runId})`,
      timeoutMs,
    })
    return redactDeep(await cleanUp({ client, ledger, evidence }, concurrency), createRedact(credentials))
  } finally {
    transport.close()
  }
}
