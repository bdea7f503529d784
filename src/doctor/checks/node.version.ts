import type { Check } from '../check.js'
import { ok, wrong } from '../finding.js'

/** As `engines` of package.json. */
const OLDEST = [20, 19] as const

export const nodeVersion: Check = {
  id: 'node.version',
  subject: 'project',
  title: 'Node is new enough',
  about: 'Compares the version of Node with what authkit needs: 20.19 or later.',
  async look({ nodeVersion: version }) {
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const enough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
    if (enough) return ok(`Node ${version}`)
    return wrong(
      `Node is ${version}, and authkit needs ${OLDEST.join('.')} or later.`,
      'Install a newer Node: https://nodejs.org.',
    )
  },
}
