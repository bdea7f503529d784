import { basename } from 'node:path'
import type { Check } from '../check.js'
import { ok, skipped, warning, wrongAs } from '../finding.js'

export const projectConfig: Check = {
  id: 'project.config',
  subject: 'project',
  title: 'langgraph.json can be read, and all of it has an effect',
  about:
    'Reads langgraph.json as `authkit dev` does. A key that is misspelt or of the wrong type is named with its line; a key that has no effect in `authkit dev` is a warning.',
  async look({ config }) {
    const { config: read, error } = await config()
    if (error?.code === 'config_invalid') return wrongAs(error)
    if (!read?.file) return skipped('There is no langgraph.json; ./auth.ts is served as it is.')
    const name = basename(read.file)
    if (read.warnings.length === 0) return ok(name)
    return read.warnings.map((sentence) => warning(sentence, `Correct ${name}; docs/configuration.md lists its keys.`))
  },
}
