import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTurns } from '../../../src/runtime/runs/turns.js'
import type { RunTicket } from '../../../src/storage/storage.js'

type Step = { kind: 'add'; thread: number; user: number } | { kind: 'remove' | 'done'; pick: number } | { kind: 'next' }

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), thread: fc.nat(5), user: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom('remove' as const, 'done' as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant('next' as const) }),
  ),
  { maxLength: 80 },
)

it('one run of a thread at a time and in order, places in bounds, and nobody is forgotten', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (all: Step[], jobs) => {
      const turns = createTurns(jobs)
      const waiting: RunTicket[] = []
      const going: RunTicket[] = []
      let id = 0
      const take = () => {
        const ticket = turns.next()
        if (!ticket) return undefined
        const first = waiting.find(({ thread_id }) => thread_id === ticket.thread_id)
        expect(ticket).toBe(first)
        expect(going.map(({ thread_id }) => thread_id)).not.toContain(ticket.thread_id)
        const own = going.filter(({ identity }) => identity === ticket.identity).length
        expect(going.length).toBeLessThan(own === 0 ? jobs * 2 : jobs)
        waiting.splice(waiting.indexOf(ticket), 1)
        going.push(ticket)
        return ticket
      }
      for (const step of all) {
        if (step.kind === 'add') {
          const ticket = { run_id: `r${id++}`, thread_id: `t${step.thread}`, identity: `u${step.user}`, due_at: '' }
          waiting.push(ticket)
          turns.add(ticket)
        } else if (step.kind === 'next') take()
        else if (step.kind === 'remove') {
          const [ticket] = waiting.length > 0 ? waiting.splice(step.pick % waiting.length, 1) : []
          if (ticket) expect(turns.remove(ticket.run_id)).toBe(true)
        } else {
          const [ticket] = going.length > 0 ? going.splice(step.pick % going.length, 1) : []
          if (ticket) turns.done(ticket)
        }
      }
      // Whoever waits gets there when the others end.
      while (waiting.length > 0) {
        while (take()) {}
        const [ticket] = going.splice(0, 1)
        expect(ticket).toBeDefined()
        if (ticket) turns.done(ticket)
      }
      expect(turns.next()).toBeUndefined()
      expect(turns.remove('r0')).toBe(false)
    }),
    { numRuns: 500 },
  )
})

it('users take turns, whoever came first', () => {
  const turns = createTurns(1)
  const add = (identity: string, run: string) => turns.add({ run_id: run, thread_id: run, identity, due_at: '' })
  for (let run = 0; run < 5; run++) add('alice', `a${run}`)
  add('bob', 'b0')
  const order = []
  for (let ticket = turns.next(); ticket; ticket = turns.next()) {
    order.push(ticket.run_id)
    turns.done(ticket)
  }
  expect(order).toEqual(['a0', 'b0', 'a1', 'a2', 'a3', 'a4'])
})
