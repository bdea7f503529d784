import type { Check } from '../check.js'
import { ok, warning } from '../finding.js'

export const devPort: Check = {
  id: 'dev.port',
  subject: 'project',
  title: 'The port of authkit dev is free, or authkit dev is there',
  about:
    'Asks what answers at the port (2024, or --port). `authkit dev` takes the next free port where it is taken, and then a client that was set up for this one talks to somebody else.',
  async look({ devPort: look }) {
    const found = await look()
    if (found.kind === 'free') return ok(`${found.port} is free.`)
    if (found.kind === 'server') {
      return ok(`A server runs at ${found.port}${found.issuer === undefined ? ', without a local issuer' : ''}.`)
    }
    return warning(
      `Something else answers at port ${found.port}.`,
      'End it, or give `authkit dev` another --port and your clients its URL.',
    )
  },
}
