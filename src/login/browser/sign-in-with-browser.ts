import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import { printable } from '../../cli/printable.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { LoopbackHost, Provider } from '../../providers/provider.js'
import { orAborted } from '../abort.js'
import { authorizationParameters } from '../protocol/authorization.js'
import { complete } from '../protocol/complete.js'
import { nameOf, providerError } from '../protocol/errors.js'
import { secureUrl } from '../protocol/secure-url.js'
import type { SignedIn, SignInRequest } from '../sign-in.js'
import { openCallback } from './callback-server.js'

export interface BrowserOptions<T> {
  /** The port of the callback. Undefined leaves it to the provider's rule. */
  readonly port?: number | undefined
  /** Opens a URL; rejects where no browser is there. Undefined opens none. */
  readonly open?: ((url: string) => Promise<void>) | undefined
  /** Keeps what was signed in, before the person is told that it worked. */
  readonly save: (signedIn: SignedIn) => Promise<T>
  readonly onEvent: (event: BrowserEvent) => void
  /** Ends it; its reason is what is thrown. */
  readonly signal: AbortSignal
}

export type BrowserEvent =
  /** To be shown to the person, whose browser may not open by itself. */
  | { readonly kind: 'url'; readonly url: string; readonly opening: boolean }
  | { readonly kind: 'not-opened' }
  /** A callback came that belongs to no sign-in of this process. */
  | { readonly kind: 'stray' }

/**
 * Signs a person in through their browser: the authorization code flow with PKCE and a callback on this machine (RFC 8252,
 * RFC 7636), with `state`, `nonce` and `iss` (RFC 9207) checked, pushed where the provider takes that (RFC 9126).
 *
 * @returns What `save` does.
 * @throws AuthkitError for whatever the provider refuses or gets wrong, and the reason of the signal.
 */
export async function signInWithBrowser<T>(request: SignInRequest, options: BrowserOptions<T>): Promise<T> {
  const { provider } = request
  const { port, open, save, onEvent, signal } = options
  const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() }
  const callback = await openCallback({
    ...callbackRule(provider, port),
    state: secrets.state,
    onStray: () => onEvent({ kind: 'stray' }),
  })
  try {
    const url = await authorizationUrl(request, callback.redirectUri, secrets)
    onEvent({ kind: 'url', url, opening: open !== undefined })
    open?.(url).catch(() => onEvent({ kind: 'not-opened' }))
    const arrival = await orAborted(callback.arrived, signal)
    try {
      const signedIn = await orAborted(redeem(request, arrival.url, secrets), signal)
      const saved = await save(signedIn)
      await arrival.answer({ kind: 'signed-in', name: signedIn.person.name ?? signedIn.person.subject })
      return saved
    } catch (error) {
      const denied = error instanceof AuthkitError && error.code === 'login_denied'
      await arrival.answer({ kind: denied ? 'denied' : 'failed' })
      throw error
    }
  } finally {
    await callback.close()
  }
}

interface FlowSecrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** Where the callback may be: any port where the provider follows RFC 8252 7.3, else one of those that are registered. */
function callbackRule(
  { loopback, title }: Provider,
  port: number | undefined,
): { host: LoopbackHost; ports: readonly number[] } {
  if (loopback.rule === 'none') {
    throw new AuthkitError('login_unsupported', `${title} takes no callback on this machine.`)
  }
  const { host } = loopback
  if (port !== undefined) return { host, ports: [port] }
  return { host, ports: loopback.rule === 'fixed-ports' ? loopback.ports : [0] }
}

async function authorizationUrl(
  request: SignInRequest,
  redirectUri: string,
  { state, nonce, verifier }: FlowSecrets,
): Promise<string> {
  const { client, provider } = request
  const metadata = client.serverMetadata()
  const methods = metadata.code_challenge_methods_supported
  if (methods && !methods.includes('S256')) {
    throw new AuthkitError('provider_misconfigured', `${nameOf(provider)} does not take PKCE with S256.`, {
      hint: 'Switch it on at the provider. Without it, whoever reads the callback could sign in in your place.',
    })
  }
  const parameters = {
    ...authorizationParameters(request),
    redirect_uri: redirectUri,
    state,
    ...(provider.oidc && { nonce }),
    ...(provider.pkce && {
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  }
  try {
    const url = metadata.pushed_authorization_request_endpoint
      ? await buildAuthorizationUrlWithPAR(client, parameters)
      : buildAuthorizationUrl(client, parameters)
    return secureUrl(url, 'the sign-in page').href
  } catch (error) {
    throw providerError(error, { provider, doing: 'sign-in', secrets: [state, nonce, verifier] })
  }
}

async function redeem(request: SignInRequest, callback: URL, secrets: FlowSecrets): Promise<SignedIn> {
  const { client, provider } = request
  const { state, nonce, verifier } = secrets
  const answered = answerOf(callback, request)
  const askedAt = Date.now()
  try {
    const answer = await authorizationCodeGrant(client, answered, {
      expectedState: state,
      ...(provider.oidc && { expectedNonce: nonce, idTokenExpected: true }),
      ...(provider.pkce && { pkceCodeVerifier: verifier }),
    })
    return await complete(request, answer, askedAt)
  } catch (error) {
    const code = answered.searchParams.get('code') ?? undefined
    throw providerError(error, { provider, doing: 'sign-in', secrets: [code, ...Object.values(secrets)] })
  }
}

/**
 * What the callback says, once it is known to be one answer, and that of the right provider (RFC 9207). Where a provider's
 * issuer is not known there is nothing to compare `iss` with; each sign-in listens on a callback of its own.
 *
 * @throws AuthkitError `issuer_mismatch`, `callback_invalid`.
 */
function answerOf(callback: URL, { client, provider }: SignInRequest): URL {
  const answer = new URL(callback)
  const { searchParams } = answer
  for (const name of ['code', 'error', 'iss']) {
    if (searchParams.getAll(name).length > 1) {
      throw new AuthkitError('callback_invalid', `The callback has more than one "${name}".`)
    }
  }
  const { issuer, authorization_response_iss_parameter_supported: promised } = client.serverMetadata()
  if (provider.endpoints && provider.callbackIssuer === undefined) searchParams.delete('iss')
  const named = searchParams.get('iss')
  if (named !== issuer && (named !== null || promised)) {
    throw new AuthkitError(
      'issuer_mismatch',
      named === null
        ? `The callback does not say that it comes from ${printable(issuer)}, which promises to say so.`
        : `The callback comes from another provider than ${printable(issuer)}.`,
      { hint: 'Nobody was signed in. Begin again, and go on in the tab that it opens.' },
    )
  }
  if (!searchParams.has('code') && !searchParams.has('error')) {
    throw new AuthkitError('callback_invalid', 'The callback has neither a code nor an error.')
  }
  return answer
}
