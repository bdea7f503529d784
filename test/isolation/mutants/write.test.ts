import { systemAssistantId } from '../../../src/isolation/ledger/system-assistant.js'
import { deputy, prove, route } from '../support/mutant.js'
import type { Call } from '../support/world.js'

/** A route, and something about the body. */
const where = (pattern: string, says: (body: Call['json']) => boolean) => (call: Call) =>
  route(pattern)(call) && says(call.json)

const WAIT = 'POST /threads/:id/runs/wait'

prove('write', {
  'thread.update': deputy('PATCH /threads/:id'),
  'thread.state.update': deputy('POST /threads/:id/state'),
  'run.create': deputy(where('POST /threads/:id/runs', (body) => body.multitask_strategy === undefined)),
  'run.stream': deputy('POST /threads/:id/runs/stream'),
  'run.wait': deputy(
    (call) =>
      where(WAIT, (body) => body.command === undefined && body.if_not_exists === undefined)(call) &&
      call.path === call.path.toLowerCase(),
  ),
  'run.resume': deputy(where(WAIT, (body) => body.command !== undefined)),
  'run.multitask': deputy(where('POST /threads/:id/runs', (body) => body.multitask_strategy !== undefined)),
  'run.cancel': deputy('POST /threads/:id/runs/:run/cancel'),
  'assistant.update': deputy('PATCH /assistants/:id'),
  'assistant.latest': deputy('POST /assistants/:id/latest'),
  'assistant.system': (call, next) => {
    const shared = systemAssistantId('agent')
    const changed = call.user === 'user2' && call.method === 'PATCH' && call.path === `/assistants/${shared}`
    return changed ? Response.json({ assistant_id: shared, graph_id: 'agent', version: 2 }) : next(call)
  },
  'cron.update': deputy('PATCH /runs/crons/:id'),
})
