import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { COMMAND_LINE_NAME } from './clients.js'
import type { Middleware } from './middleware.js'
import type { IssuerOptions } from './options.js'
import { errorPage, notFoundPage } from './pages/error.js'
import { frontPage } from './pages/front.js'
import { show } from './pages/page.js'
import { signedOutPage } from './pages/sign-out.js'
import { userOf } from './users.js'

/** Forms that only a page of this issuer may submit. Everything else is asked by applications. */
const FORMS = /^\/(interaction\/|device$|sign-out\/)/

/** What has no page, or a wrong one, in oidc-provider; and who may submit a form. */
export function ownPages(
  provider: Provider,
  { users, clients, origin, onProblem }: Pick<IssuerOptions, 'users' | 'clients' | 'origin' | 'onProblem'>,
): Middleware {
  return async function pages(ctx, next) {
    try {
      if (ctx.method === 'POST' && FORMS.test(ctx.path) && !isOwnForm(ctx)) {
        ctx.status = 403
        return show(ctx, errorPage('invalid_request', 'This form was sent by another page.'))
      }
      if (ctx.path === '/' && ctx.method === 'GET') {
        const { accountId } = await provider.Session.get(ctx)
        const names = [COMMAND_LINE_NAME, ...clients().map(({ id, name }) => name ?? id)]
        const user = accountId === undefined ? undefined : userOf(accountId, users())
        return show(ctx, frontPage({ issuer: provider.issuer, user, clients: names }))
      }
      codeFromLink(ctx)
      await next()
      signOutNobody(ctx)
      if (ctx.status === 404 && ctx.body === undefined) {
        ctx.status = 404
        show(ctx, notFoundPage())
      } else if (
        ctx.status !== 303 &&
        ctx.response.type === 'text/html' &&
        !ctx.response.get('content-security-policy')
      ) {
        // A page that is not from here: the answer in a form, which needs a script, and which no client may ask for.
        ctx.status = 400
        show(ctx, errorPage('invalid_request', 'Answers are given in the query of the callback only.'))
      }
    } catch (error) {
      showFailure(ctx, error)
    }
  }

  function isOwnForm(ctx: KoaContextWithOIDC): boolean {
    const from = ctx.get('origin')
    const site = ctx.get('sec-fetch-site')
    return (from === '' || from === origin) && (site === '' || site === 'same-origin')
  }

  /** oidc-provider would submit the code by a script. Here the page shows it, and asks whether it is the right one. */
  function codeFromLink(ctx: KoaContextWithOIDC): void {
    const code = ctx.query['user_code']
    if (ctx.path !== '/device' || ctx.method !== 'GET' || typeof code !== 'string') return
    ctx.state['userCode'] = code
    ctx.querystring = ''
  }

  /** Where nobody is signed in there is nothing to ask; oidc-provider would submit an empty form by a script. */
  function signOutNobody(ctx: KoaContextWithOIDC): void {
    if (ctx.oidc?.route !== 'end_session' || ctx.status !== 200 || ctx.oidc.session?.accountId !== undefined) return
    const { postLogoutRedirectUri: address, state } = ctx.oidc.session?.state ?? {}
    if (typeof address === 'string') {
      const target = new URL(address)
      if (typeof state === 'string') target.searchParams.set('state', state)
      ctx.status = 303
      ctx.redirect(target.href)
    } else {
      show(ctx, signedOutPage())
    }
  }

  function showFailure(ctx: KoaContextWithOIDC, error: unknown): void {
    const { name, status, error: code, error_description: said } = error as Record<string, unknown> & Error
    const known = typeof status === 'number' && status < 500 && typeof code === 'string'
    if (!known) onProblem('The local issuer failed', error)
    ctx.status = known ? status : 500
    const shown = !known ? 'server_error' : name === 'SessionNotFound' ? 'session_expired' : code
    show(ctx, errorPage(shown, known && shown === code && typeof said === 'string' ? said : undefined))
  }
}
