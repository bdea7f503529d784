import { createHmac } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { AccessToken, ClientCredentials, Provider } from 'oidc-provider'
import type { Middleware } from './middleware.js'

export const ACCESS_TOKEN_ALGORITHM = 'ES256'

interface AccessTokensOptions {
  readonly issuer: string
  readonly audience: string
  /** Public ones. */
  readonly keys: JSONWebKeySet
  readonly indexKey: string
}

/** Access tokens are JWTs that anyone can verify; each has a twin in the database, so that it can be taken back. */
export interface AccessTokens {
  /** Keeps the twin of a token that is about to be issued. */
  keepTwin(provider: Provider, token: AccessToken): Promise<void>
  /** By `jti`: whether the twin is gone, because the sign-in was ended or the token has expired. */
  isRevoked(provider: Provider, tokenId: string): Promise<boolean>
  /** Lets the userinfo endpoint take a JWT, by giving it the twin in its place: oidc-provider knows only what it keeps. */
  readonly acceptAtUserinfo: Middleware
}

export function createAccessTokens({ issuer, audience, keys, indexKey }: AccessTokensOptions): AccessTokens {
  const keySet = createLocalJWKSet(keys)
  // Who has read a `jti` in a log must not be able to use it as a token.
  const twinId = (tokenId: string) =>
    createHmac('sha256', Buffer.from(indexKey, 'base64url')).update(`access-token/${tokenId}`).digest('base64url')

  return {
    async keepTwin(provider, token) {
      const { accountId, clientId, grantId, gty, scope, sessionUid, sid, expiresWithSession } = token
      const client = await provider.Client.find(clientId as string)
      if (!client) return
      const twin = new provider.AccessToken({
        ...{ accountId, client, grantId, gty, scope },
        ...(sessionUid === undefined ? {} : { sessionUid }),
        ...(sid === undefined ? {} : { sid }),
        ...(expiresWithSession === undefined ? {} : { expiresWithSession }),
      })
      // oidc-provider settles both when it makes an id of its own.
      await Object.assign(twin, { jti: twinId(token.jti), format: 'opaque' }).save()
    },

    isRevoked: async (provider, tokenId) => !(await provider.AccessToken.find(twinId(tokenId))),

    async acceptAtUserinfo(ctx, next) {
      const [, jwt] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(ctx.get('authorization')) ?? []
      if (ctx.path === '/userinfo' && jwt !== undefined) {
        const expected = { issuer, audience, typ: 'at+jwt', algorithms: [ACCESS_TOKEN_ALGORITHM] }
        const verified = await jwtVerify(jwt, keySet, expected).catch(() => undefined)
        const { jti } = verified?.payload ?? {}
        if (jti !== undefined) ctx.req.headers.authorization = `Bearer ${twinId(jti)}`
      }
      await next()
    },
  }
}

/** Whether a token is one of those JWTs, and not a twin. */
export function isForThisServer(token: AccessToken | ClientCredentials): token is AccessToken {
  return token.kind === 'AccessToken' && token.resourceServer !== undefined
}
