import type { RunTicket } from '../../storage/storage.js'

/**
 * Who goes next. Runs of one thread go one at a time, in the order they came. Users take turns, so that a thousand runs of
 * one user cost another user's run one wait, and no more.
 */
export interface Turns {
  /** Lines a run up behind those of its thread. */
  add(ticket: RunTicket): void
  /** Takes a run out of the line. False where it does not wait any more. */
  remove(runId: string): boolean
  /** Takes the run that goes next, and what it needs to go. Undefined where none may. */
  next(): RunTicket | undefined
  /** Gives back what a run needed. */
  done(ticket: RunTicket): void
  /** {@link done}, for a run that could not begin: it is the next of its thread again. */
  putBack(ticket: RunTicket): void
}

interface User {
  going: number
  /** The runs that are first on their thread, in the order they got there. */
  readonly ready: Map<string, RunTicket>
}

/**
 * @param jobs How many runs go at once. A user who has none going may start one beyond that, as long as there are fewer
 *   than twice as many: whoever fills all places, with runs that never end for instance, keeps nobody else out.
 */
export function createTurns(jobs: number): Turns {
  /** By thread, those that wait. */
  const lines = new Map<string, Map<string, RunTicket>>()
  const threadOf = new Map<string, string>()
  const busy = new Set<string>()
  const users = new Map<string | null, User>()
  let going = 0

  function userOf(identity: string | null): User {
    const known = users.get(identity)
    if (known) return known
    const user: User = { going: 0, ready: new Map() }
    users.set(identity, user)
    return user
  }

  function forgetIdle(identity: string | null): void {
    const user = users.get(identity)
    if (user && user.going === 0 && user.ready.size === 0) users.delete(identity)
  }

  /** Makes the first of a line ready, where its thread is free. */
  function advance(threadId: string): void {
    const [first] = lines.get(threadId)?.values() ?? []
    if (!first) lines.delete(threadId)
    else if (!busy.has(threadId)) userOf(first.identity).ready.set(first.run_id, first)
  }

  function done(ticket: RunTicket): void {
    going--
    userOf(ticket.identity).going--
    busy.delete(ticket.thread_id)
    advance(ticket.thread_id)
    forgetIdle(ticket.identity)
  }

  return {
    done,

    putBack(ticket) {
      const { run_id, thread_id } = ticket
      lines.set(thread_id, new Map([[run_id, ticket], ...(lines.get(thread_id) ?? [])]))
      threadOf.set(run_id, thread_id)
      done(ticket)
    },

    add(ticket) {
      const line = lines.get(ticket.thread_id) ?? new Map<string, RunTicket>()
      lines.set(ticket.thread_id, line.set(ticket.run_id, ticket))
      threadOf.set(ticket.run_id, ticket.thread_id)
      if (line.size === 1) advance(ticket.thread_id)
    },

    remove(runId) {
      const threadId = threadOf.get(runId)
      const line = threadId === undefined ? undefined : lines.get(threadId)
      const ticket = line?.get(runId)
      if (threadId === undefined || !ticket) return false
      line?.delete(runId)
      threadOf.delete(runId)
      users.get(ticket.identity)?.ready.delete(runId)
      forgetIdle(ticket.identity)
      advance(threadId)
      return true
    },

    next() {
      let chosen: [string | null, User] | undefined
      for (const entry of users) {
        if (entry[1].ready.size > 0 && (!chosen || entry[1].going < chosen[1].going)) chosen = entry
        if (chosen?.[1].going === 0) break
      }
      if (!chosen) return undefined
      const [identity, user] = chosen
      if (going >= (user.going === 0 ? jobs * 2 : jobs)) return undefined
      const [ticket] = user.ready.values() as Iterator<RunTicket> & Iterable<RunTicket>
      if (!ticket) return undefined
      user.ready.delete(ticket.run_id)
      lines.get(ticket.thread_id)?.delete(ticket.run_id)
      threadOf.delete(ticket.run_id)
      busy.add(ticket.thread_id)
      user.going++
      going++
      // Whoever had a turn is asked last.
      users.delete(identity)
      users.set(identity, user)
      return ticket
    },
  }
}
