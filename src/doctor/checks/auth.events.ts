import { coverage } from '../../engine/rules.js'
import type { Check } from '../check.js'
import { ok, skipped, warning } from '../finding.js'

export const authEvents: Check = {
  id: 'auth.events',
  subject: 'project',
  title: 'Every event has a handler',
  about:
    'An event without a handler is allowed to everybody who is signed in, because LangGraph allows it. `authkit dev` says UNPROTECTED of it.',
  async look({ project }) {
    const state = await project()
    if (state.kind === 'broken' || !state.rules) return skipped('auth.ts has to load first.')
    const events = coverage(state.rules)
    const open = events.filter(({ handler }) => handler === undefined).map(({ event }) => event)
    if (open.length === 0) return ok(`All ${events.length} events have a handler.`)
    return warning(
      `${open.length} of ${events.length} events have no handler, so everyone may: ${open.join(', ')}.`,
      'Add a handler for each, or one for "*" that refuses; `authkit dev --strict` refuses them for now.',
    )
  },
}
