import { setTimeout as sleepFor } from 'node:timers/promises'
import {
  type DeviceAuthorizationResponse,
  genericGrantRequest,
  initiateDeviceAuthorization,
  ResponseBodyError,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client'
import { AuthkitError } from '../../errors/authkit-error.js'
import { orAborted } from '../abort.js'
import { requestParameters } from '../protocol/authorization.js'
import { complete } from '../protocol/complete.js'
import { nameOf, providerError } from '../protocol/errors.js'
import { secureUrl } from '../protocol/secure-url.js'
import type { SignedIn, SignInRequest } from '../sign-in.js'

export interface DeviceOptions<T> {
  /** Keeps what was signed in. */
  readonly save: (signedIn: SignedIn) => Promise<T>
  readonly onEvent: (event: DeviceEvent) => void
  /** Ends it; its reason is what is thrown. */
  readonly signal: AbortSignal
  /** Waits, in milliseconds. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** What the person needs on whatever device they have a browser on. */
export interface DeviceEvent {
  readonly kind: 'code'
  /** Where the code is entered. */
  readonly url: string
  /** The same with the code in it, where the provider has that. */
  readonly completeUrl?: string
  readonly userCode: string
  /** How long the code works, in seconds. */
  readonly seconds: number
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** RFC 8628 3.2 and 3.5, in seconds. */
const DEFAULT_INTERVAL = 5
const SLOW_DOWN = 5
const LONGEST_INTERVAL = 60

/**
 * Signs a person in on another device: the device authorization grant (RFC 8628). The provider is asked at its own pace,
 * slower where it says so and where it can't be reached, until the code ends. openid-client has such a loop too, and gives
 * up when the network does.
 *
 * @returns What `save` does.
 * @throws AuthkitError `device_unsupported`, `device_code_expired`, `login_denied` and whatever else the provider refuses,
 *   and the reason of the signal.
 */
export async function signInWithDevice<T>(request: SignInRequest, options: DeviceOptions<T>): Promise<T> {
  const { client, provider } = request
  if (client.serverMetadata().device_authorization_endpoint === undefined) {
    throw new AuthkitError('device_unsupported', `${nameOf(provider)} has no sign-in by device code.`)
  }
  const device = await begin(request, options.signal)
  const { user_code, verification_uri, verification_uri_complete: complete_uri, expires_in } = device
  options.onEvent({
    kind: 'code',
    url: secureUrl(verification_uri, 'the page for the code').href,
    ...(complete_uri !== undefined && { completeUrl: secureUrl(complete_uri, 'the page for the code').href }),
    userCode: user_code,
    seconds: expires_in,
  })
  const { answer, askedAt } = await poll(request, device, options)
  try {
    return await options.save(await complete(request, answer, askedAt))
  } catch (error) {
    throw providerError(error, { provider, doing: 'sign-in', secrets: [device.device_code] })
  }
}

async function begin(request: SignInRequest, signal: AbortSignal): Promise<DeviceAuthorizationResponse> {
  const { client, provider } = request
  try {
    return await orAborted(initiateDeviceAuthorization(client, requestParameters(request)), signal)
  } catch (error) {
    throw providerError(error, { provider, doing: 'sign-in' })
  }
}

interface Granted {
  readonly answer: TokenEndpointResponse & TokenEndpointResponseHelpers
  readonly askedAt: number
}

async function poll(
  { client, provider }: SignInRequest,
  { device_code, interval: first = DEFAULT_INTERVAL, expires_in }: DeviceAuthorizationResponse,
  {
    signal,
    sleep = (ms, signal) => sleepFor(ms, undefined, { signal }),
  }: Pick<DeviceOptions<unknown>, 'signal' | 'sleep'>,
): Promise<Granted> {
  let interval = Math.max(first, 1)
  let waited = 0
  for (let pause = interval; ; ) {
    waited += pause
    if (waited > expires_in) throw new AuthkitError('device_code_expired', 'The code was not entered in time.')
    await orAborted(sleep(pause * 1000, signal), signal)
    const askedAt = Date.now()
    try {
      const asked = genericGrantRequest(client, DEVICE_GRANT, { device_code })
      return { answer: await orAborted(asked, signal), askedAt }
    } catch (error) {
      const problem = providerError(error, { provider, doing: 'sign-in', secrets: [device_code] })
      if (isPending(error)) {
        if (error.error === 'slow_down') interval += SLOW_DOWN
      } else if (problem instanceof AuthkitError && problem.code === 'provider_unavailable') {
        interval = Math.min(interval * 2, Math.max(interval, LONGEST_INTERVAL))
      } else {
        throw problem
      }
      pause = Math.max(interval, retryAfterOf(error))
    }
  }
}

/** What the answer to a request says about the next, in seconds (RFC 9110 10.2.3). A date is as good as nothing. */
function retryAfterOf(error: unknown): number {
  const { response, cause } = error as { response?: unknown; cause?: unknown }
  const answer = [response, cause].find((one) => one instanceof Response)
  const seconds = Number(answer?.headers.get('retry-after') ?? 0)
  return Number.isFinite(seconds) ? seconds : 0
}

function isPending(error: unknown): error is ResponseBodyError {
  return error instanceof ResponseBodyError && ['authorization_pending', 'slow_down'].includes(error.error)
}
