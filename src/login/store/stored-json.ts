import { faultIn, STORED_LOGIN } from '../shape.js'
import type { StoredLogin } from './token-store.js'

const VERSION = 1

/** What a store keeps, as JSON in ASCII, so that it has as many bytes as characters. */
export function serializeLogin({ profile, secrets, renewingSince }: StoredLogin): string {
  const json = JSON.stringify({ version: VERSION, profile, secrets, renewingSince })
  return json.replaceAll(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Undefined for what {@link serializeLogin} did not write. */
export function parseLogin(json: string): StoredLogin | undefined {
  try {
    const { version: _, ...login } = checked(JSON.parse(json))
    return login
  } catch {
    return undefined
  }
}

function checked(value: unknown): StoredLogin & { version: number } {
  const fault = faultIn(value, STORED_LOGIN, 'it')
  if (fault !== undefined) throw new TypeError(fault)
  return value as StoredLogin & { version: number }
}
