import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { systemAssistantId } from '../../ledger/system-assistant.js'
import { del, field, get, patch, post, succeeded } from '../../probe.js'

export const assistantSystem: Check = {
  id: 'assistant.system',
  family: 'write',
  resource: 'assistants',
  operation: 'write',
  title: "{who} can't change the assistant that everybody shares",
  failure: '{who} may change the assistant that everybody shares',
  impact: "Whoever changes it changes everybody's agent: its prompts, its model, its tools.",
  severity: 'high',
  refs: ['API5', '285'],
  event: 'assistants:update',
  fix:
    'in auth.ts, let assistants:update and assistants:delete return the owner filter, which no system assistant matches: ' +
    '.on("assistants:update", ({ user }) => ({ owner: user.identity }))',
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  mutates: true,
  afterCheck: false,
  when: 'alone',
  on2xx: 'leak',
  // Nobody has a copy of it; what must work is the route.
  control: ({ target, marker }) => [patch(`/assistants/${target.assistant.id}`, { name: marker })],
  proof: 'success',
  // Both requests leave it as it is: a change of nothing, and the version that it has already.
  requests: ({ agent }) => [patch(`/assistants/${systemAssistantId(agent)}`, {})],
  async inspect({ scene, stage, attack, alice, stated }) {
    const id = systemAssistantId(scene.agent)
    const before = await alice(get(`/assistants/${id}`))
    const version = field(before, 'version')
    const found: Evidence[] = []
    if (succeeded(before) && typeof version === 'number') {
      const moved = await attack(post(`/assistants/${id}/latest`, { version }))
      if (succeeded(moved)) {
        const after = field(await alice(get(`/assistants/${id}`)), 'version')
        found.push(stated(moved, 'shared assistant', `version ${version} was set, it is ${after} now`))
      }
    }
    if (stage.settings.optIns.has('destructive')) {
      const deleted = await attack(del(`/assistants/${id}`))
      if (succeeded(deleted)) found.push(stated(deleted, 'shared assistant', 'it was deleted'))
    }
    return found
  },
}
