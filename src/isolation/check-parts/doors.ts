import type { Inspection, Scene } from '../check.js'
import { get, type Probe, post, succeeded } from '../probe.js'

/**
 * One request of every kind that a server answers: read by id, lists, the store, creating, running, crons. Who gets in
 * where he should not gets in at one of these.
 */
export function everyDoor({ target, agent, fresh, message, marker, halt }: Scene): Probe[] {
  const inStore = target.has('item')
    ? [
        post('/store/items/search', { namespace_prefix: target.item.namespace }),
        post('/store/namespaces', { prefix: target.item.namespace }),
      ]
    : []
  return [
    ...readingDoors(target.thread.id),
    get(`/threads/${target.thread.id}/state`),
    post('/assistants/search', {}),
    ...inStore,
    post('/runs/crons/search', {}),
    post('/threads', { thread_id: fresh('thread'), metadata: { iso_mark: marker } }),
    post('/runs/wait', { assistant_id: agent, input: message(marker), ...halt }),
  ]
}

/** The two that tell most: an object by its id, and a list. */
export function readingDoors(thread: string): Probe[] {
  return [get(`/threads/${thread}`), post('/threads/search', {})]
}

/** What a server answers to anything at all, where it does that. Whoever gets it here was given nothing by it. */
export async function answerToAnything({ attack, scene }: Inspection): Promise<string | undefined> {
  const anything = await attack(get(`/${scene.absent()}`))
  return succeeded(anything) ? anything.body : undefined
}
