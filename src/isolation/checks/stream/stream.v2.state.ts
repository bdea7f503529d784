import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { type Probe, post } from '../../probe.js'

const readState = (thread: string): Probe =>
  post(`/threads/${thread}/commands`, { id: 1, method: 'state.get', params: {} })

export const streamV2State: Check = {
  id: 'stream.v2.state',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't read Alice's state by a command after she has used the thread",
  failure: "{who} read Alice's state by a command, after she had used the thread",
  impact:
    'The server remembers who sent the first command and answers everybody else as her: all her conversations are open.',
  severity: 'critical',
  refs: ['441', '639'],
  event: 'threads:read',
  fix: serverBug('every command must be decided by the credential it came with, not by that of an earlier one'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  proof: 'data',
  prepare: ({ target }) => [readState(target.thread.id)],
  requests: ({ target }) => [
    readState(target.thread.id),
    { ...readState(target.thread.id), disguise: { headers: { authorization: null, 'x-auth-scheme': 'langsmith' } } },
  ],
}
