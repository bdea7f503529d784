import { LOCAL_ISSUER_PATH } from '../providers/local.js'
import { discover, objectIn } from './discovery.js'
import type { Web } from './web.js'

/** Who is at the port of `authkit dev`. */
export type DevPort =
  | { readonly kind: 'free'; readonly port: number }
  | {
      readonly kind: 'server'
      readonly port: number
      /** Of its local issuer, if it has one. */
      readonly issuer?: string
    }
  | { readonly kind: 'taken'; readonly port: number }

/** Asks what answers at a port of this machine. */
export async function lookAtPort(port: number, web: Web): Promise<DevPort> {
  const origin = `http://127.0.0.1:${port}`
  const answer = await web.get(`${origin}/ok`)
  if (answer.kind === 'unreached') return { kind: answer.why === 'ECONNREFUSED' ? 'free' : 'taken', port }
  if (objectIn(answer.text)['ok'] !== true) return { kind: 'taken', port }
  const issuer = `${origin}${LOCAL_ISSUER_PATH}`
  const found = await discover(issuer, web)
  return found.kind === 'document' && found.document['issuer'] === issuer
    ? { kind: 'server', port, issuer }
    : { kind: 'server', port }
}
