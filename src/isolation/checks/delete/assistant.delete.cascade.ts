import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, patch } from '../../probe.js'

export const assistantDeleteCascade: Check = {
  id: 'assistant.delete.cascade',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "Bob's assistant does not take Alice's thread with it when he deletes it",
  failure: "Bob deleted his assistant with its threads, and Alice's thread went with them",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:delete',
  fix: serverBug('deleting an assistant with delete_threads=true must ask threads:delete for every thread it takes'),
  needs: ['thread'],
  own: ['assistant'],
  mutates: true,
  on2xx: 'own',
  // Alice's thread names Bob's assistant, as it does after she used it once.
  prepare: ({ target, own }) => [
    patch(`/threads/${target.thread.id}`, { metadata: { assistant_id: own.assistant.id } }),
  ],
  requests: ({ own }) => [del(`/assistants/${own.assistant.id}?delete_threads=true`)],
}
