import type { Provider } from './provider.js'

const SECRET: Readonly<Record<Provider['publicClients'], readonly string[]>> = {
  'any-flow': [],
  'device-flow': ['AUTHKIT_CLIENT_SECRET, unless with --device'],
  none: ['AUTHKIT_CLIENT_SECRET'],
}

/**
 * What `authkit login` has to be told to sign in at a provider.
 *
 * @example
 * needsOf(providerNamed('google')) // ['--client-id', 'AUTHKIT_CLIENT_SECRET']
 */
export function needsOf({ name, oidc, issuer, issuerExample, clientId, publicClients, loopback }: Provider): string[] {
  if (loopback.rule === 'none') return ['a token in AUTHKIT_TOKEN: it takes no callback on this machine']
  if (name === 'local') return ['a running authkit dev']
  return [
    ...(oidc && issuer === undefined ? [`--issuer ${issuerExample}`] : []),
    ...(clientId === undefined ? ['--client-id'] : []),
    ...SECRET[publicClients],
  ]
}
