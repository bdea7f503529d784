import { providerOf } from '../providers/index.js'
import { oidc as anyProvider } from '../providers/oidc.js'
import type { Provider } from '../providers/provider.js'

/** The preset of an issuer, where its address tells whose it is. */
export function presetOf(issuer: string): Provider | undefined {
  const provider = providerOf(issuer)
  return provider === anyProvider ? undefined : provider
}
