import type { Check } from '../check.js'
import { ok, skipped, warning } from '../finding.js'

export const envShadowed: Check = {
  id: 'env.shadowed',
  subject: 'project',
  title: 'No variable of the shell hides one of .env',
  about:
    'A variable of the shell wins over .env. Where the two differ, what was edited in .env has no effect, and a key pair may be half from one and half from the other. Names are shown, values never.',
  async look({ config, shell }) {
    const { config: read } = await config()
    if (!read) return skipped('langgraph.json has to be right first.')
    const hidden = Object.entries(read.env).flatMap(([name, value]) => {
      const own = shell[name]
      return own !== undefined && own !== value ? [name] : []
    })
    if (hidden.length === 0) return ok(`${Object.keys(read.env).length} variables in .env, none hidden.`)
    const [one] = hidden
    const names = hidden.join(', ')
    return warning(
      hidden.length === 1
        ? `${names} has another value in the shell than in .env, and that of the shell counts.`
        : `${names} have other values in the shell than in .env, and those of the shell count.`,
      `Take it out of the shell (\`unset ${one}\`), or out of .env.`,
    )
  },
}
