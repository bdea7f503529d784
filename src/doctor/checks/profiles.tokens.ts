import { AuthkitError } from '../../errors/authkit-error.js'
import { defaultOf } from '../../login/profiles/profile-list.js'
import type { Check } from '../check.js'
import { type Finding, ok, skipped, warning, wrong, wrongAs } from '../finding.js'

export const profilesTokens: Check = {
  id: 'profiles.tokens',
  subject: 'tokens',
  title: 'Every profile still has its tokens',
  about:
    'Reads what the store of each profile has. A profile whose entry was deleted, or whose store is gone or locked, is named.',
  async look({ profiles: list, logins }) {
    const profiles = await list().catch((error: unknown) => error)
    if (profiles instanceof AuthkitError) return wrongAs(profiles)
    if (profiles instanceof Error) throw profiles
    const { profiles: all } = profiles as Awaited<ReturnType<typeof list>>
    if (all.length === 0) return skipped('Nobody is signed in.')
    const found = await Promise.all(all.map(async ({ name }) => await lookAt(name)))
    const bad = found.filter((finding) => finding !== undefined)
    const unnamed = defaultOf(await list()) === undefined
    if (unnamed) {
      bad.push(warning('No profile is the default.', 'Choose one: `authkit profiles use NAME`.', 'profile_unknown'))
    }
    return bad.length > 0 ? bad : ok(all.map(({ name }) => name).join(', '))

    async function lookAt(name: string): Promise<Finding | undefined> {
      try {
        await logins.open(name)
        return undefined
      } catch (error) {
        if (!(error instanceof AuthkitError)) throw error
        const message = error.message.includes(name) ? error.message : `Profile ${name}: ${error.message}`
        return wrong(message, error.hint, error.code)
      }
    }
  },
}
