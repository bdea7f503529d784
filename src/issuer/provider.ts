import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { InvalidTarget } from 'oidc-provider/lib/helpers/errors.js'
import { base, Check } from 'oidc-provider/lib/helpers/interaction_policy/index.js'
// Not the package's entry, which writes a warning about Node 20.
import { Provider } from 'oidc-provider/lib/provider.js'
import { LOCAL_ISSUER_PATH } from '../providers/local.js'
import { ACCESS_TOKEN_ALGORITHM, createAccessTokens, isForThisServer } from './access-tokens.js'
import { browserPages } from './browser-pages.js'
import { clientMetadata } from './clients.js'
import type { IssuerDatabase } from './database.js'
import { devicePolling } from './device-polling.js'
import { createEntries } from './entries.js'
import { interactionPath, interactions } from './interactions.js'
import type { Middleware } from './middleware.js'
import type { IssuerOptions } from './options.js'
import { ownPages } from './own-pages.js'
import { publicKeysOf, type Secrets } from './secrets.js'
import { claimsOf, userOf } from './users.js'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface LocalProvider {
  readonly handle: ReturnType<Provider['callback']>
  isRevoked(tokenId: string): Promise<boolean>
}

/** Sets oidc-provider up. What it would otherwise do for a quick start, and warn of, is all said here. */
export function createProvider(options: IssuerOptions, db: IssuerDatabase, secrets: Secrets): LocalProvider {
  const { origin, users, clients, seal, onProblem } = options
  const issuer = origin + LOCAL_ISSUER_PATH
  const { cookieKey, indexKey } = secrets
  const keys = publicKeysOf(secrets)
  const tokens = createAccessTokens({ issuer, audience: origin, keys, indexKey })
  const entries = createEntries({ db, seal, indexKey, issuer })
  const pages = browserPages(options, LOCAL_ISSUER_PATH)
  // Browsers send a cookie to every port of a host: servers side by side need names of their own.
  const cookieName = (what: string) => `authkit_${new URL(origin).port}_${what}`

  const configuration: Configuration = {
    adapter: (kind: string) => {
      if (kind !== 'Client') return entries(kind)
      // langgraph.json is where they stand, and read at each request.
      return { ...entries(kind), find: async (id) => clientMetadata(id, clients()) }
    },
    jwks: { keys: secrets.signingKeys as never },
    cookies: {
      keys: [cookieKey],
      names: { session: cookieName('session'), interaction: cookieName('interaction'), resume: cookieName('resume') },
      long: { httpOnly: true, sameSite: 'lax', signed: true, path: LOCAL_ISSUER_PATH },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    routes: {
      authorization: '/authorize',
      token: '/token',
      jwks: '/jwks',
      userinfo: '/userinfo',
      revocation: '/revoke',
      end_session: '/sign-out',
      device_authorization: '/device/code',
      code_verification: '/device',
      pushed_authorization_request: '/authorize/request',
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['none'],
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    // The ID token says who it is, without another request.
    conformIdTokenClaims: false,
    // A single-page application may call the token endpoint from the pages that it is registered with.
    clientBasedCORS: (_ctx, from, client) =>
      !isNative(client) && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === from),
    ttl: {
      AccessToken: 15 * MINUTE,
      AuthorizationCode: MINUTE,
      DeviceCode: 10 * MINUTE,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 30 * DAY,
      Session: 30 * DAY,
      Grant: 365 * DAY,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => origin,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          if (resource !== origin) throw new InvalidTarget(`tokens are for ${origin} only`)
          return {
            audience: origin,
            scope: scopesOf(ctx),
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: ACCESS_TOKEN_ALGORITHM } },
          }
        },
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        userCodeInputSource: (ctx, _form, _out, error) => pages.userCodeInput(ctx, error),
        // Nobody comes here: the page where the code is typed asks whether it is the right one.
        userCodeConfirmSource: (ctx) => pages.userCodeInput(ctx, undefined),
        successSource: (ctx) => pages.deviceDone(ctx),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) => pages.signOut(ctx),
        postLogoutSuccessSource: (ctx) => pages.signedOut(ctx),
      },
    },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: async () => claimsOf(userOf(sub, users())),
    }),
    // RFC 9068 2.2.2: what the API needs to know of the user, in the access token.
    async extraTokenClaims(_ctx, token) {
      if (!isForThisServer(token)) return undefined
      await tokens.keepTwin(provider, token)
      const { name, email, email_verified } = claimsOf(userOf(token.accountId, users()))
      return {
        ...(token.scopes.has('profile') ? { name } : {}),
        ...(token.scopes.has('email') ? { email, email_verified } : {}),
      }
    },
    // A command line always gets one: it has no browser to come back with.
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && (isNative(client) || code.scopes.has('offline_access')),
    expiresWithSession: async (ctx, code) => !isNative(ctx.oidc.client) && !code.scopes.has('offline_access'),
    rotateRefreshToken: true,
    interactions: {
      policy: policy(),
      url: (_ctx, interaction) => LOCAL_ISSUER_PATH + interactionPath(interaction),
    },
    renderError: (ctx, out) => pages.renderError(ctx, out),
  }
  const provider = new Provider(issuer, configuration)
  const around: readonly Middleware[] = [
    ownPages(provider, options),
    interactions(provider, options, LOCAL_ISSUER_PATH),
    devicePolling(),
    tokens.acceptAtUserinfo,
    trueDiscovery,
  ]
  for (const middleware of around) provider.use(middleware)
  provider.on('server_error', (_ctx, error) => onProblem('The local issuer failed', error))
  // Koa would print what it can't answer.
  const koa: NodeJS.EventEmitter = provider
  koa.on('error', (error) => onProblem('The local issuer failed', error))

  return {
    handle: provider.callback(),
    isRevoked: (tokenId) => tokens.isRevoked(provider, tokenId),
  }
}

/** No client may use the other modes that oidc-provider lists. */
const trueDiscovery: Middleware = async (ctx, next) => {
  await next()
  if (ctx.oidc?.route === 'discovery') Object.assign(ctx.body as object, { response_modes_supported: ['query'] })
}

/** Asks who it is at every sign-in, because being several people is what this is for. `prompt=none` uses the session. */
function policy() {
  const prompts = base()
  prompts
    .get('login')
    ?.checks.add(
      new Check(
        'choose',
        'Whoever signs in says who they are.',
        ({ oidc }) => !oidc.prompts.has('none') && !oidc.result?.login,
      ),
    )
  return prompts
}

/**
 * Any scope can be had, after the consent page has named it. When tokens are issued the request names none, so they are those
 * of what the request brings.
 */
function scopesOf({ oidc }: KoaContextWithOIDC): string {
  const { AuthorizationCode, RefreshToken, DeviceCode } = oidc.entities
  const asked = [oidc.params?.['scope'], AuthorizationCode?.scope, RefreshToken?.scope, DeviceCode?.scope]
  return asked.filter((scope) => typeof scope === 'string').join(' ')
}

function isNative(client: { readonly applicationType?: string | undefined } | undefined): boolean {
  return client?.applicationType === 'native'
}
