import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

const CHANNELS = ['values', 'messages', 'updates', 'lifecycle', 'checkpoints', 'tasks', 'custom', 'tools', 'input']

export const streamThreadEvents: Check = {
  id: 'stream.thread-events',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't follow the events of Alice's thread",
  failure: "{who} followed the events of Alice's thread",
  impact:
    'One request, and everything that ever happens on the thread arrives: each run, each message, as it is written.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('a stream of a thread must ask threads:read before its first event, replayed or live'),
  actors: ['bob', 'nobody'],
  needs: ['run', 'bare'],
  mutates: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  proof: 'events',
  waits: true,
  requests: ({ target: { thread, bare } }) => [
    get(`/threads/${thread.id}/stream`),
    post(`/threads/${thread.id}/stream/events`, { channels: CHANNELS }),
    post(`/threads/${bare.id}/stream/events`, { channels: CHANNELS }),
  ],
  // One run lies behind them, and others come while they are open: some servers tell only what began as a command.
  meanwhile: ({ target: { thread, bare }, agent, message, secret, halt }) => [
    post(`/threads/${thread.id}/runs`, {
      assistant_id: agent,
      input: message(secret('run.input')),
      stream_resumable: true,
      ...halt,
    }),
    post(`/threads/${bare.id}/commands`, { id: 1, method: 'run.start', params: { assistant_id: agent, input: null } }),
  ],
}
