import type { Json, Person } from './provider.js'
import { text } from './values.js'

/** Who the standard claims name (OpenID Connect Core 5.1): the rule of every provider that keeps to it. */
export function standardPerson(claims: Json): Person | undefined {
  return personOf({
    subject: text(claims['sub']),
    name: nameOf(claims),
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true,
  })
}

/** `name`, or `preferred_username`. */
export function nameOf(claims: Json): string | undefined {
  return text(claims['name']) ?? text(claims['preferred_username'])
}

/** A person with a subject, or undefined. An address that is not there is not verified either. */
export function personOf(found: {
  readonly subject: string | undefined
  readonly name: string | undefined
  readonly email: string | undefined
  readonly emailVerified: boolean
}): Person | undefined {
  const { subject, name, email, emailVerified } = found
  if (subject === undefined) return undefined
  return {
    subject,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    emailVerified: email !== undefined && emailVerified,
  }
}
