import { createHmac } from 'node:crypto'

export interface Parts {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** As it stood in the token. */
  readonly signature: string
}

/** The last word of a credential, in pieces, where it is a JWT; `undefined` where it is none. */
export function readJwt(credential: string): Parts | undefined {
  const [head = '', body = '', signature, ...more] = (credential.split(' ').at(-1) ?? '').split('.')
  if (signature === undefined || more.length > 0) return undefined
  const header = objectIn(head)
  const payload = objectIn(body)
  return header && payload && typeof header['alg'] === 'string' ? { header, payload, signature } : undefined
}

function objectIn(text: string): Record<string, unknown> | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token with any signature, a wrong one too, which is why `jose` can't make it. */
export function assemble(header: object, payload: object, signature: string): string {
  return `${encode(header)}.${encode(payload)}.${signature}`
}

/** Signed with HS256 by a secret of any length, none included. */
export function hmacToken(header: object, payload: object, secret: string | Buffer): string {
  const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
