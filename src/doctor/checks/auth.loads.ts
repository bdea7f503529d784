import { relative } from 'node:path'
import type { Check } from '../check.js'
import { ok, skipped, wrongAs } from '../finding.js'

export const authLoads: Check = {
  id: 'auth.loads',
  subject: 'project',
  title: 'auth.ts loads, and exports an Auth object',
  about:
    'Loads the auth file as `authkit dev` does, so its top level runs. What keeps it from loading is named with file, line and column.',
  async look({ config, project }) {
    if ((await config()).error?.code === 'config_invalid') return skipped('langgraph.json has to be right first.')
    const state = await project()
    if (state.kind === 'broken') return wrongAs(state.error)
    return ok(relative(state.config.root, state.authFile ?? '') || 'auth.ts')
  },
}
