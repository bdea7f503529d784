import type { KoaContextWithOIDC } from 'oidc-provider'

/** What goes around the routes of oidc-provider. Behind `next`, `ctx.oidc` is there where a route of it was met. */
export type Middleware = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
