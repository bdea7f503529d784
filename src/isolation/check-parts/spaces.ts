import { newCanary } from '../canary.js'
import type { Inspection } from '../check.js'
import { field, post, succeeded } from '../probe.js'
import type { Verdict } from '../verdict.js'

/**
 * Alice makes a space with these members besides herself. Only where she is alone are its name and id secrets.
 */
export async function makeSpace(
  { alice, stage }: Inspection,
  check: string,
  members: Readonly<Record<string, string>>,
): Promise<{ readonly id: string } | Verdict> {
  const name = newCanary()
  const made = await alice(post('/spaces', { name, slug: name }))
  const id = field(made, 'id')
  const failed = (what: string, status: number): Verdict => ({
    kind: 'inconclusive',
    reason: `Alice could not ${what} (${status})`,
  })
  if (!succeeded(made) || typeof id !== 'string') return failed('make a space', made.status)
  if (Object.keys(members).length === 0) {
    stage.secrets.plant({ value: name, slot: 'space.name', owner: 'alice', check, hard: true })
    stage.secrets.plant({ value: id, slot: 'space id', owner: 'alice', check, hard: false })
  }
  for (const [user, role] of Object.entries(members)) {
    // A member is named in paths, and is no object of this run.
    stage.ledger.reserve({ kind: 'other', id: user, owner: 'alice' })
    const added = await alice(post(`/spaces/${id}/members`, { user_id: user, role }))
    if (!succeeded(added)) return failed('add a member to her space', added.status)
  }
  return { id }
}
