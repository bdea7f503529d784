import { v7 as uuidv7 } from 'uuid'
import { newCanary } from '../canary.js'
import type { Inspection, Scene } from '../check.js'
import { dormant } from '../fixtures.js'
import { del, type Exchange, field, get, isEmptyAnswer, type Probe, patch, post, routeOf, succeeded } from '../probe.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'

interface Ids {
  readonly thread: string
  readonly run: string
  readonly assistant: string
  readonly cron: string
}

/** Every route that names an object. What deletes comes last. */
function objectRoutes({ thread, run, assistant, cron }: Ids, { agent, message, halt }: Scene): Probe[] {
  // Not the marker: what it writes where another check leaks is that check's finding.
  const word = newCanary()
  const metadata = { iso_mark: word }
  const onThread = `/threads/${thread}`
  const onRun = `${onThread}/runs/${run}`
  return [
    get(onThread),
    get(`${onThread}/state`),
    get(`${onThread}/history`),
    get(`${onThread}/runs`),
    get(onRun),
    get(`${onRun}/join`),
    get(`${onRun}/stream`),
    patch(onThread, { metadata }),
    post(`${onThread}/state`, { values: message(word), as_node: '__start__' }),
    post(`${onThread}/copy`),
    post(`${onThread}/runs`, { assistant_id: agent, input: message(word), ...halt }),
    post(`${onRun}/cancel`),
    get(`/assistants/${assistant}`),
    get(`/assistants/${assistant}/graph`),
    get(`/assistants/${assistant}/schemas`),
    post(`/assistants/${assistant}/versions`),
    patch(`/assistants/${assistant}`, { metadata }),
    post(`/assistants/${assistant}/latest`, { version: 1 }),
    get(`/runs/crons/${cron}`),
    patch(`/runs/crons/${cron}`, { metadata }),
    del(onRun),
    del(onThread),
    del(`/assistants/${assistant}`),
    del(`/runs/crons/${cron}`),
  ]
}

/** One route: about Alice's object, and about objects that do not exist. */
export interface Row {
  readonly hidden: Exchange
  readonly random: Exchange
  readonly random7: Exchange
  /** Of objects that Alice has just deleted. */
  readonly deleted: Exchange
}

const surveys = new WeakMap<Stage, Promise<readonly Row[] | Verdict>>()

/**
 * Asks every route about Alice's objects and about some that are not there, once in a run. Routes that serve hers are left
 * out: that is another check's finding. A verdict instead where an answer is none.
 */
export function askForExistence(inspection: Inspection): Promise<readonly Row[] | Verdict> {
  const { stage } = inspection
  const asked = surveys.get(stage) ?? ask(inspection)
  surveys.set(stage, asked)
  return asked
}

async function ask(inspection: Inspection): Promise<readonly Row[] | Verdict> {
  const { scene, stage, attack, alice } = inspection
  const { target, absent, agent, message, halt, runId } = scene
  const metadata = { authkit_isolation: runId }
  const cron = await alice(
    post('/runs/crons', { assistant_id: agent, input: message(newCanary()), metadata, ...dormant(), ...halt }),
  )
  const hidden: Ids = {
    thread: target.thread.id,
    run: target.run.id,
    assistant: target.assistant.id,
    cron: idIn(cron, 'cron_id') ?? absent(),
  }
  const later = () => {
    const id = uuidv7()
    stage.ledger.reserve({ kind: 'thread', id, owner: 'bob' })
    return id
  }
  const ids = (make: () => string): Ids => ({ thread: make(), run: make(), assistant: make(), cron: make() })
  const gone = { ...ids(absent), ...(await deletedIds(inspection)) }

  const sets: Exchange[][] = []
  for (const set of [hidden, ids(absent), ids(later), gone]) {
    const answers: Exchange[] = []
    for (const probe of objectRoutes(set, scene)) answers.push(await attack(probe))
    sets.push(answers)
  }
  const open = sets.flat().find(({ status }) => status === 0 || status === 429 || status >= 500)
  if (open && !notOffered(open)) {
    return { kind: 'inconclusive', reason: `${open.status || 'no answer'} on ${routeOf(open.probe)}` }
  }
  const rows: Row[] = []
  for (const [index, exchange] of (sets[0] ?? []).entries()) {
    const [random, random7, deleted] = sets.slice(1).map((answers) => answers[index])
    if (!random || !random7 || !deleted || (await serves(exchange, alice))) continue
    rows.push({ hidden: exchange, random, random7, deleted })
  }
  return rows
}

function notOffered({ status, body }: Exchange): boolean {
  return status === 501 || (status === 500 && /not implemented/i.test(body))
}

/** Whether this answer gives what is asked for. An empty list is that where Alice's is empty too. */
async function serves(exchange: Exchange, alice: Inspection['alice']): Promise<boolean> {
  if (!succeeded(exchange)) return false
  if (exchange.probe.method !== 'GET' || !isEmptyAnswer(exchange)) return true
  return isEmptyAnswer(await alice(exchange.probe))
}

async function deletedIds({ scene, alice }: Inspection): Promise<Partial<Ids>> {
  const metadata = { authkit_isolation: scene.runId }
  // Some servers make (user, graph, config) unique.
  const config = { configurable: { iso_mark: newCanary() } }
  const [thread, assistant] = await Promise.all([
    alice(post('/threads', { metadata })),
    alice(post('/assistants', { graph_id: scene.agent, config, metadata })),
  ])
  const [threadId, assistantId] = [idIn(thread, 'thread_id'), idIn(assistant, 'assistant_id')]
  await Promise.all([
    threadId === undefined ? undefined : alice(del(`/threads/${threadId}`)),
    assistantId === undefined ? undefined : alice(del(`/assistants/${assistantId}`)),
  ])
  return { ...(threadId ? { thread: threadId } : {}), ...(assistantId ? { assistant: assistantId } : {}) }
}

function idIn(exchange: Exchange, name: string): string | undefined {
  const id = succeeded(exchange) ? field(exchange, name) : undefined
  return typeof id === 'string' ? id : undefined
}
