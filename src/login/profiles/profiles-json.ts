import { AuthkitError } from '../../errors/authkit-error.js'
import { faultIn, isObject, optional, PROFILE, type Shape, text } from '../shape.js'
import { STORE_KINDS } from '../store/token-store.js'
import type { ListedProfile, Profiles } from './profile-list.js'
import { isProfileName } from './profile-name.js'

const VERSION = 1

const LIST: Shape = { version: (value) => value === VERSION, default: optional(text), profiles: isObject }

const ROW: Shape = { ...PROFILE, store: (value) => STORE_KINDS.some((kind) => kind === value) }

export function serializeProfiles({ default: chosen, profiles }: Profiles): string {
  const rows = profiles.map(({ name, ...row }) => [name, row])
  return `${JSON.stringify({ version: VERSION, default: chosen, profiles: Object.fromEntries(rows) }, null, 2)}\n`
}

/**
 * @param path What the error calls the file.
 * @throws AuthkitError `profiles_unreadable`, with the place of what is wrong.
 */
export function parseProfiles(json: string, path: string): Profiles {
  const list = parsed(json, path)
  const fault = faultIn(list, LIST, 'it') ?? faultOfRows(list['profiles'] as Record<string, unknown>)
  if (fault !== undefined) throw broken(path, `${fault} is not what it should be`)
  const { default: chosen, profiles } = list as {
    default?: string
    profiles: Record<string, Omit<ListedProfile, 'name'>>
  }
  return {
    ...(chosen !== undefined && { default: chosen }),
    profiles: Object.entries(profiles).map(([name, row]) => ({ name, ...row })),
  }
}

function parsed(json: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    if (isObject(value)) return value
  } catch (cause) {
    throw broken(path, 'it is no JSON', cause)
  }
  throw broken(path, 'it is no list of profiles')
}

function faultOfRows(rows: Record<string, unknown>): string | undefined {
  for (const [name, row] of Object.entries(rows)) {
    const fault = isProfileName(name) ? faultIn(row, ROW, name) : 'the name of a profile'
    if (fault !== undefined) return fault
  }
  return undefined
}

function broken(path: string, what: string, cause?: unknown): AuthkitError {
  return new AuthkitError('profiles_unreadable', `${path} is broken: ${what}.`, { cause })
}
