import { CALLBACK_PATH, callbacksOf, FIXED_PORTS } from '../providers/callbacks.js'
import type { Provider } from '../providers/provider.js'
import { type AuthorizeAnswer, askAuthorize } from './authorize.js'
import type { Discovery } from './discovery.js'
import type { Target } from './target.js'
import type { Web } from './web.js'

/** What an authorization endpoint said to one callback. */
export interface Authorization {
  readonly callback: string
  readonly answer: AuthorizeAnswer
}

/** An endpoint of the provider: as its document says, else as is known of it. */
export function endpointOf(
  provider: Provider,
  discovery: Discovery | undefined,
  name: 'authorization' | 'token' | 'userinfo',
): string | undefined {
  if (provider.endpoints) return provider.endpoints[name]
  const url = discovery?.kind === 'document' ? discovery.document[`${name}_endpoint`] : undefined
  return typeof url === 'string' && URL.canParse(url) ? url : undefined
}

/** Begins a sign-in with each callback that `authkit login` may use. */
export async function askAuthorizations(
  target: Target,
  discovery: Discovery | undefined,
  web: Web,
): Promise<readonly Authorization[] | undefined> {
  const { provider, clientId } = target
  const endpoint = endpointOf(provider, discovery, 'authorization')
  const callbacks = callbacksUsed(provider)
  if (clientId === undefined || endpoint === undefined || callbacks.length === 0) return undefined
  return await Promise.all(
    callbacks.map(async (callback) => ({
      callback,
      answer: await askAuthorize({ ...target, clientId }, endpoint, callback, web),
    })),
  )
}

/** With a port, as they are used: a provider that ignores it takes any. */
function callbacksUsed(provider: Provider): string[] {
  const { loopback } = provider
  if (loopback.rule !== 'any-port') return callbacksOf(provider)
  return [`http://${loopback.host}:${FIXED_PORTS[0]}${CALLBACK_PATH}`]
}
