import { randomUUID } from 'node:crypto'
import type { ActorName } from '../actor.js'
import { newCanary } from '../canary.js'
import type { Check, Scene } from '../check.js'
import { type Belongings, haltOf, messageOf } from '../fixtures.js'
import type { Stage } from '../stage.js'

export function sceneFor(
  check: Check,
  stage: Stage,
  sender: ActorName,
  target: Belongings,
  own: Belongings | undefined,
): Scene {
  const { learnt, ledger, secrets } = stage
  const owner = sender === 'junk' ? 'nobody' : sender
  const plantOwn = (value: string, slot: string, hard: boolean) =>
    secrets.plant({ value, slot, owner, check: check.id, hard })
  const marker = newCanary()
  plantOwn(marker, 'marker', true)
  const fresh = new Map<string, string>()
  return {
    target,
    sender,
    get own() {
      if (!own) throw new Error(`${sender} owns nothing in ${check.id}.`)
      return own
    },
    marker,
    runId: stage.runId,
    agent: learnt.agent,
    identity: {
      target: learnt.identities[target.owner] ?? '',
      own: learnt.identities[own?.owner ?? target.owner] ?? '',
      ownerKey: learnt.ownerKey,
    },
    fresh(name) {
      const id = fresh.get(name) ?? randomUUID()
      if (!fresh.has(name)) {
        fresh.set(name, id)
        ledger.reserve({ kind: name.startsWith('assistant') ? 'assistant' : 'thread', id, owner: sender })
        plantOwn(id, `id of an object of ${sender}`, false)
      }
      return id
    },
    secret(slot) {
      const value = newCanary()
      secrets.plant({ value, slot, owner: target.owner, check: check.id, hard: true })
      return value
    },
    absent() {
      const id = randomUUID()
      ledger.reserve({ kind: 'thread', id, owner: sender })
      return id
    },
    place(namespace) {
      const key = newCanary()
      ledger.reserve({ kind: 'item', id: key, owner: sender, namespace })
      plantOwn(key, `key of an item of ${sender}`, false)
      return { namespace, key }
    },
    message: (text) => messageOf(stage.settings, text),
    halt: haltOf(stage.settings),
    origin: stage.target.origin + stage.target.pathname.replace(/\/$/, ''),
    forged: (way) => stage.jwt?.names.filter((name) => name.startsWith(`${way}-`)) ?? [],
  }
}
