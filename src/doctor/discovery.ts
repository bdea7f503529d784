import type { AuthkitError } from '../errors/authkit-error.js'
import { discoveryUrlOf } from '../identity/issuer/remote-issuer.js'
import type { Json } from '../providers/provider.js'
import { object } from '../providers/values.js'
import type { Web } from './web.js'

/** What came of asking a provider for its discovery document (OpenID Connect Discovery 4). */
export type Discovery =
  | { readonly kind: 'unreached'; readonly url: string; readonly why: string; readonly error?: AuthkitError }
  | { readonly kind: 'no-document'; readonly url: string; readonly why: string; readonly aheadMs?: number }
  | {
      readonly kind: 'document'
      readonly url: string
      readonly document: Json
      /** How far the clock of this machine is ahead of the provider's, in milliseconds, give or take a second. */
      readonly aheadMs?: number
    }

export async function discover(issuer: string, web: Web): Promise<Discovery> {
  const url = discoveryUrlOf(issuer)
  const answer = await web.get(url)
  if (answer.kind === 'unreached') return { ...answer, url }
  const clock = answer.aheadMs === undefined ? {} : { aheadMs: answer.aheadMs }
  const document = objectIn(answer.text)
  if (answer.status === 200 && typeof document['issuer'] === 'string')
    return { kind: 'document', url, document, ...clock }
  const why = answer.status === 200 ? 'is no discovery document' : `answers ${answer.status}`
  return { kind: 'no-document', url, why, ...clock }
}

/** The JSON object of a text; an empty one where it is none. */
export function objectIn(text: string): Json {
  try {
    return object(JSON.parse(text))
  } catch {
    return {}
  }
}
