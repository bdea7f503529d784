/** What JSON from a disk has to look like: a test for a value, or the shapes of an object's fields. Further fields may be. */
export type Shape = ((value: unknown) => boolean) | { readonly [field: string]: Shape }

/**
 * The place of the first value that is not what it should be, or undefined where all is well.
 *
 * @example
 * faultIn({ user: { subject: 1 } }, { user: { subject: text } }, 'profile') // 'profile.user.subject'
 */
export function faultIn(value: unknown, shape: Shape, place: string): string | undefined {
  if (typeof shape === 'function') return shape(value) ? undefined : place
  if (!isObject(value)) return place
  for (const [field, part] of Object.entries(shape)) {
    const fault = faultIn(value[field], part, `${place}.${field}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const text = (value: unknown) => typeof value === 'string'
export const texts = (value: unknown) => Array.isArray(value) && value.every(text)
export const number = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
export const optional = (shape: (value: unknown) => boolean) => (value: unknown) => value === undefined || shape(value)

/** Of a profile, without its name. */
export const PROFILE: Shape = {
  provider: text,
  issuer: optional(text),
  clientId: text,
  scopes: texts,
  audience: optional(text),
  user: { subject: text, name: optional(text), email: optional(text) },
  signedInAt: number,
}

/** Of what a token store keeps. */
export const STORED_LOGIN: Shape = {
  version: (value) => value === 1,
  profile: PROFILE,
  secrets: {
    tokens: {
      accessToken: text,
      expiresAt: optional(number),
      issuedAt: number,
      refreshToken: optional(text),
      refreshExpiresAt: optional(number),
      idToken: optional(text),
      scopes: texts,
    },
    clientSecret: optional(text),
  },
  renewingSince: optional(number),
}
