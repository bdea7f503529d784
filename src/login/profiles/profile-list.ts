import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuthkitError } from '../../errors/authkit-error.js'
import { nearest } from '../../errors/nearest.js'
import { withLock } from '../lock.js'
import type { Profile } from '../login.js'
import { writePrivately } from '../private-file.js'
import type { StoreKind } from '../store/token-store.js'
import { parseProfiles, serializeProfiles } from './profiles-json.js'

/** A profile, and where its tokens are. */
export interface ListedProfile extends Profile {
  readonly store: StoreKind
}

export interface Profiles {
  /** The one that commands use where none is named. */
  readonly default?: string | undefined
  readonly profiles: readonly ListedProfile[]
}

/**
 * Who is signed in where, without anything secret: `profiles.json`. A profile exists when it stands in this list. Whoever
 * signs in writes the tokens first and the list second, whoever signs out the other way round in time but with the same
 * rule: tokens that no profile names are nobody's, and a profile whose tokens are gone is signed out.
 */
export interface ProfileList {
  /** @throws AuthkitError `profiles_unreadable` where the file is broken. One that is missing is an empty list. */
  read(): Promise<Profiles>
  /**
   * Writes what `change` makes of the list. Nobody else changes it meanwhile.
   *
   * @throws AuthkitError `profiles_unreadable`, `profile_busy`, `not_writable`, and what `change` throws.
   */
  change(change: (profiles: Profiles) => Profiles): Promise<Profiles>
}

/** How long to wait for others who write the list, which takes them milliseconds. */
const WAIT_MS = 10_000

export function openProfileList(home: string): ProfileList {
  const path = join(home, 'profiles.json')
  const lock = join(home, 'locks', 'profiles.lock')
  const busy = () => new AuthkitError('profile_busy', `Another process keeps ${path} locked.`)

  async function read(): Promise<Profiles> {
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined
      throw new AuthkitError('profiles_unreadable', `${path} cannot be read: ${cause.code}.`, {
        cause,
        hint: 'Check who may read it, or name another folder in AUTHKIT_HOME.',
      })
    })
    return text === undefined ? { profiles: [] } : parseProfiles(text, path)
  }

  return {
    read,
    change: (change) =>
      withLock(lock, { waitMs: WAIT_MS, busy }, async () => {
        const before = await read()
        const after = change(before)
        if (after !== before) await writePrivately(path, serializeProfiles(after))
        return after
      }),
  }
}

/**
 * The profile of a name; without one the default, or the only one there is.
 *
 * @throws AuthkitError `profile_unknown`, or `not_signed_in` where there is none at all. The name is not quoted: it may be
 *   a token that was pasted into the wrong place.
 */
export function profileNamed(list: Profiles, name?: string): ListedProfile {
  const { profiles } = list
  const found = name === undefined ? defaultOf(list) : profiles.find((profile) => profile.name === name)
  if (found) return found
  if (profiles.length === 0) throw new AuthkitError('not_signed_in', 'Nobody is signed in.')
  const names = profiles.map((profile) => profile.name)
  if (name === undefined) {
    throw new AuthkitError('profile_unknown', 'No profile is the default.', {
      hint: `Name one of ${names.join(', ')}, or choose one with \`authkit profiles use\`.`,
    })
  }
  const { word, edits } = nearest(name, names)
  throw new AuthkitError('profile_unknown', 'There is no profile of this name.', {
    hint: edits <= LIKELY_TYPO ? `Did you mean ${word}?` : `There are ${names.join(', ')}.`,
  })
}

/** The one that commands use where none is named: the chosen one, or the only one. */
export function defaultOf({ default: chosen, profiles }: Profiles): ListedProfile | undefined {
  return profiles.find(({ name }) => name === chosen) ?? (profiles.length === 1 ? profiles[0] : undefined)
}

/**
 * The profile that is called exactly so, if there is one.
 *
 * @throws AuthkitError `usage` where another differs in nothing but upper and lower case: some file systems would take the
 *   two for one.
 */
export function profileLike({ profiles }: Profiles, name: string): ListedProfile | undefined {
  const found = profiles.find((profile) => profile.name.toLowerCase() === name.toLowerCase())
  if (!found || found.name === name) return found
  throw new AuthkitError(
    'usage',
    `There is a profile ${found.name}, and names that differ only in case are one to some systems.`,
    {
      hint: `Use ${found.name}, or another name.`,
    },
  )
}

/** @throws AuthkitError `usage` where there is a profile of this name. */
export function assertFree(list: Profiles, name: string): void {
  if (!profileLike(list, name)) return
  throw new AuthkitError('usage', `There is a profile ${name} already.`, {
    hint: `Use another name, or sign out of that one first: authkit logout ${name}.`,
  })
}

/** How many edits a misspelling may be away from a name that is worth suggesting. */
const LIKELY_TYPO = 2

/** The list with this profile in it. Where there is no default, it is. */
export function withProfile(list: Profiles, profile: ListedProfile): Profiles {
  const others = list.profiles.filter(({ name }) => name !== profile.name)
  return { default: defaultOf(list)?.name ?? profile.name, profiles: [...others, profile].sort(byName) }
}

/** The list without a profile. Where it was the default, none is. */
export function withoutProfile(list: Profiles, name: string): Profiles {
  if (!list.profiles.some((profile) => profile.name === name)) return list
  return {
    default: list.default === name ? undefined : list.default,
    profiles: list.profiles.filter((profile) => profile.name !== name),
  }
}

/** The list with a profile in the place of one that had another name. */
export function withRenamed(list: Profiles, name: string, profile: ListedProfile): Profiles {
  const { default: chosen, profiles } = withProfile(withoutProfile(list, name), profile)
  return { default: list.default === name ? profile.name : chosen, profiles }
}

/** Whether two sign-ins are the same person's at the same provider. */
export function isSameUser(one: Profile, other: Profile): boolean {
  return one.provider === other.provider && one.issuer === other.issuer && one.user.subject === other.user.subject
}

function byName(one: ListedProfile, other: ListedProfile): number {
  return one.name < other.name ? -1 : 1
}
