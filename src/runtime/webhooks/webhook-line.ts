import { pause } from '../waiting.js'

/** How many are on their way at once; and of these, to one host. */
const AT_ONCE = 16
const AT_ONCE_TO_A_HOST = 4

/** A host that takes nothing must not fill the line: what comes beyond this, from one user, fails at once. */
const WAITING_FOR_A_HOST = 1000

/** How much may wait, and what one takes up besides its payload. */
const WAITING_BYTES = 64 * 2 ** 20
const EACH_BYTES = 1024

/** One that waits: for the pause before it to pass, and then for a place. */
export interface Place {
  /** Whose it is; undefined where there are no users. */
  readonly identity: string | undefined
  /** Without the port: however many ports of it hang, it is one host. */
  readonly host: string
  readonly bytes: number
}

/**
 * Who goes next. Users take turns, and of each user's the hosts: those who wait for a dead host wait behind each other, and
 * nobody else waits behind them.
 *
 * Whoever has none on the way may send one beyond the places there are, as long as there are fewer than twice as many; the
 * same at each host. So whoever fills all places, with hosts that never answer for instance, keeps nobody else out.
 */
export interface WebhookLine {
  /**
   * Waits for a place, and for the pause before that. What waits counts as memory: where that is full, the one of whoever has
   * the most waiting that waited longest gives up.
   *
   * @returns How to give the place back; undefined where there was none to be had.
   */
  enter(place: Place, pauseMs: number): Promise<(() => void) | undefined>
  /** Gives up what waits, and whatever comes. */
  close(): void
}

interface Waiting extends Place {
  readonly giveUp: AbortController
  enter(): void
}

interface User {
  /** How many are on their way, by host. */
  readonly going: Map<string, number>
  total: number
  bytes: number
  /** All that wait, the longest first. */
  readonly waiting: Set<Waiting>
  /** Of these, those whose pause is over, by host. */
  readonly lines: Map<string, Set<Waiting>>
}

export function createWebhookLine(): WebhookLine {
  /** Whoever had a turn last comes last. */
  const users = new Map<string | undefined, User>()
  const going = new Map<string, number>()
  let total = 0
  let bytes = 0
  let closed = false

  function userOf(identity: string | undefined): User {
    const known = users.get(identity)
    if (known) return known
    const user: User = { going: new Map(), total: 0, bytes: 0, waiting: new Set(), lines: new Map() }
    users.set(identity, user)
    return user
  }

  function wait(one: Waiting): void {
    const user = userOf(one.identity)
    user.waiting.add(one)
    user.bytes += one.bytes
    bytes += one.bytes
  }

  function makeRoom(): void {
    const longest = () => (bytes > WAITING_BYTES ? firstOf(mostWaiting()?.waiting) : undefined)
    for (let one = longest(); one; one = longest()) one.giveUp.abort()
  }

  function lineUp(one: Waiting): void {
    const { lines } = userOf(one.identity)
    const line = lines.get(one.host) ?? new Set()
    if (line.size >= WAITING_FOR_A_HOST) one.giveUp.abort()
    else {
      lines.set(one.host, line.add(one))
      start()
    }
  }

  function waitNoMore(one: Waiting): void {
    const user = userOf(one.identity)
    if (!user.waiting.delete(one)) return
    user.bytes -= one.bytes
    bytes -= one.bytes
    const line = user.lines.get(one.host)
    line?.delete(one)
    if (line?.size === 0) user.lines.delete(one.host)
  }

  function mostWaiting(): User | undefined {
    let most: User | undefined
    for (const user of users.values()) if (!most || user.bytes > most.bytes) most = user
    return most
  }

  function take({ identity, host }: Place, places: 1 | -1): void {
    const user = userOf(identity)
    user.total += places
    total += places
    add(user.going, host, places)
    add(going, host, places)
    forgetIdle(identity)
  }

  function forgetIdle(identity: string | undefined): void {
    const user = users.get(identity)
    if (user && user.total === 0 && user.waiting.size === 0) users.delete(identity)
  }

  function hasPlace(user: User, host: string): boolean {
    const first = !user.going.has(host)
    return (going.get(host) ?? 0) < (first ? AT_ONCE_TO_A_HOST * 2 : AT_ONCE_TO_A_HOST)
  }

  /** The one whose turn it is, of whoever has the fewest on their way. */
  function next(): Waiting | undefined {
    let found: { user: User; one: Waiting } | undefined
    for (const user of users.values()) {
      if (total >= (user.total === 0 ? AT_ONCE * 2 : AT_ONCE)) continue
      if (found && found.user.total <= user.total) continue
      const one = nextOf(user)
      if (one) found = { user, one }
    }
    return found?.one
  }

  function nextOf(user: User): Waiting | undefined {
    for (const [host, line] of user.lines) if (hasPlace(user, host)) return firstOf(line)
    return undefined
  }

  function start(): void {
    for (let one = next(); one; one = next()) {
      const user = userOf(one.identity)
      const line = user.lines.get(one.host)
      waitNoMore(one)
      take(one, 1)
      // To the end of the turns, each of the two.
      users.delete(one.identity)
      users.set(one.identity, user)
      if (line && user.lines.delete(one.host)) user.lines.set(one.host, line)
      one.enter()
    }
  }

  return {
    async enter({ identity, host, bytes: payload }, pauseMs) {
      const all = payload + EACH_BYTES
      if (closed || all > WAITING_BYTES) return undefined
      const giveUp = new AbortController()
      const { signal } = giveUp
      let resolve: (entered: boolean) => void = () => undefined
      const entered = new Promise<boolean>((settle) => {
        resolve = settle
      })
      const one: Waiting = { identity, host, bytes: all, giveUp, enter: () => resolve(true) }
      signal.addEventListener('abort', () => {
        waitNoMore(one)
        forgetIdle(identity)
        resolve(false)
      })
      wait(one)
      if (pauseMs > 0) {
        makeRoom()
        await pause(pauseMs, signal)
      }
      if (!signal.aborted) lineUp(one)
      // Not before: it may have gone at once, and takes up nothing then.
      makeRoom()
      if (!(await entered)) return undefined
      return () => {
        take(one, -1)
        start()
      }
    },

    close() {
      closed = true
      for (const { waiting } of users.values()) for (const { giveUp } of waiting) giveUp.abort()
    },
  }
}

function firstOf<T>(all: ReadonlySet<T> | undefined): T | undefined {
  const [first] = all ?? []
  return first
}

function add(counts: Map<string, number>, key: string, count: number): void {
  const left = (counts.get(key) ?? 0) + count
  if (left === 0) counts.delete(key)
  else counts.set(key, left)
}
