import type { KoaContextWithOIDC } from 'oidc-provider'
import type { IssuerOptions } from './options.js'
import { deviceCancelledPage, deviceCodePage, deviceDonePage } from './pages/device.js'
import { errorPage } from './pages/error.js'
import { show } from './pages/page.js'
import { signedOutPage, signOutPage, stillSignedInPage } from './pages/sign-out.js'
import { userOf } from './users.js'

interface ProviderError extends Error {
  readonly userCode?: string
}

/** The pages that oidc-provider asks for. */
export function browserPages({ users }: Pick<IssuerOptions, 'users'>, path: string) {
  function askForCode(ctx: KoaContextWithOIDC, problem: string | undefined, code: string): void {
    const xsrf = String(ctx.oidc.session?.state?.['secret'] ?? '')
    show(ctx, deviceCodePage({ action: `${path}/device`, xsrf, code, problem }))
  }

  return {
    renderError(ctx: KoaContextWithOIDC, out: { error: string; error_description?: string | undefined }) {
      show(ctx, errorPage(out.error, out.error_description))
    },

    userCodeInput(ctx: KoaContextWithOIDC, error: ProviderError | undefined) {
      const linked = ctx.state['userCode']
      if (!error) askForCode(ctx, undefined, typeof linked === 'string' ? linked : '')
      else if (error.name === 'AbortedError') show(ctx, deviceCancelledPage())
      else
        askForCode(ctx, CODE_PROBLEMS[error.name] ?? 'That did not work. Enter the code again.', error.userCode ?? '')
    },

    deviceDone(ctx: KoaContextWithOIDC) {
      show(ctx, deviceDonePage(ctx.oidc.client?.clientName ?? 'The device'))
    },

    signOut(ctx: KoaContextWithOIDC) {
      const { session } = ctx.oidc
      const { secret, postLogoutRedirectUri } = session?.state ?? {}
      const leadsTo = typeof postLogoutRedirectUri === 'string' ? postLogoutRedirectUri : undefined
      const { name } = userOf(session?.accountId ?? '', users())
      show(ctx, signOutPage({ action: `${path}/sign-out/confirm`, xsrf: String(secret), name, leadsTo }))
    },

    async signedOut(ctx: KoaContextWithOIDC) {
      const { accountId } = await ctx.oidc.provider.Session.get(ctx)
      show(ctx, accountId === undefined ? signedOutPage() : stillSignedInPage(userOf(accountId, users()).name))
    },
  }
}

const CODE_PROBLEMS: Readonly<Record<string, string>> = {
  NoCodeError: 'Enter the code that your terminal or device shows.',
  NotFoundError: 'There is no such code. Compare it with what your terminal or device shows.',
  ExpiredError: 'This code has expired. Begin again on the device, which then shows another one.',
  AlreadyUsedError: 'This code was used already. Begin again on the device, which then shows another one.',
}
