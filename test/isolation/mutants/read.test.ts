import { deputy, prove } from '../support/mutant.js'

prove('read', {
  'thread.read': deputy('GET /threads/:id'),
  'thread.state': deputy('GET /threads/:id/state'),
  'thread.state.checkpoint': deputy((call) => /\/state\/[^/]+$/.test(call.path)),
  'thread.history': deputy('GET|POST /threads/:id/history'),
  'thread.copy': deputy('POST /threads/:id/copy'),
  'run.list': deputy('GET /threads/:id/runs'),
  'run.read': deputy('GET /threads/:id/runs/:run'),
  'run.join': deputy('GET /threads/:id/runs/:run/join'),
  'assistant.read': deputy('GET /assistants/:id'),
  'assistant.derived': deputy((call) => /^\/assistants\/[^/]+\/(graph|schemas|subgraphs)/.test(call.path)),
  'assistant.versions': deputy('POST /assistants/:id/versions'),
  'cron.read': deputy('GET /runs/crons/:id'),
})
