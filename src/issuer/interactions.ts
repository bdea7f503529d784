import type { Client, Interaction, InteractionResults, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { readForm } from './form.js'
import type { Middleware } from './middleware.js'
import type { IssuerOptions } from './options.js'
import { consentPage } from './pages/consent.js'
import { show } from './pages/page.js'
import { signInPage } from './pages/sign-in.js'
import { claimsOf, userMeant, userOf, usersToChoose } from './users.js'

const PATH = /^\/interaction\/([\w-]+)$/

/** Where a person is sent while oidc-provider waits for an answer, below the path of the issuer. */
export function interactionPath({ uid }: { uid: string }): string {
  return `/interaction/${uid}`
}

/** The two questions that a person is asked: who are you, and may this application act for you. */
export function interactions(
  provider: Provider,
  { users, origin }: Pick<IssuerOptions, 'users' | 'origin'>,
  path: string,
): Middleware {
  return async function interaction(ctx, next) {
    const [, uid] = PATH.exec(ctx.path) ?? []
    if (uid === undefined || !['GET', 'POST'].includes(ctx.method)) return next()
    const asked = await provider.interactionDetails(ctx.req, ctx.res)
    const client = await provider.Client.find(String(asked.params['client_id']))
    if (!client || asked.uid !== uid) return next()
    const form = ctx.method === 'POST' ? await readForm(ctx.req) : undefined
    if (form?.has('cancel')) {
      const error_description = 'The sign-in was cancelled.'
      return goOn(ctx, { error: 'access_denied', error_description })
    }
    const question = { asked, client, form }
    return asked.prompt.name === 'consent' ? askConsent(ctx, question) : askWho(ctx, question)
  }

  interface Question {
    readonly asked: Interaction
    readonly client: Client
    /** What was answered, if anything was. */
    readonly form: URLSearchParams | undefined
  }

  async function askWho(ctx: KoaContextWithOIDC, { asked, client, form }: Question): Promise<void> {
    const typed = form?.get('identity') ?? undefined
    const user = typed === undefined ? undefined : userMeant(typed, users())
    if (user) {
      await leaveSession(ctx, asked, user.identity)
      return goOn(ctx, { login: { accountId: user.identity } })
    }
    const { login_hint: hint } = asked.params
    const accountId = asked.session?.accountId
    ctx.status = typed === undefined ? 200 : 422
    show(
      ctx,
      signInPage({
        action: path + interactionPath(asked),
        client: nameOf(client),
        users: usersToChoose(users()),
        current: accountId === undefined ? undefined : userOf(accountId, users()),
        expected: typeof hint === 'string' ? userMeant(hint, users()) : undefined,
        refused: typed,
        leadsTo: answerAddress(asked),
      }),
    )
  }

  async function askConsent(ctx: KoaContextWithOIDC, { asked, client, form }: Question): Promise<void> {
    const accountId = asked.session?.accountId
    if (accountId === undefined) throw new Error('Consent was asked of nobody.')
    const scopes = String(asked.params['scope'] ?? '').split(' ')
    if (form?.has('allow')) {
      // A grant of its own for each sign-in: ending one leaves those from other terminals and browsers alone.
      const grant = new provider.Grant({ accountId, clientId: client.clientId })
      grant.addOIDCScope(scopes)
      grant.addResourceScope(origin, scopes)
      return goOn(ctx, { consent: { grantId: await grant.save() } })
    }
    const user = userOf(accountId, users())
    show(
      ctx,
      consentPage({
        action: path + interactionPath(asked),
        client: nameOf(client),
        user,
        email: claimsOf(user).email,
        scopes,
        audience: origin,
        userCode: await userCodeOf(asked),
        leadsTo: answerAddress(asked),
      }),
    )
  }

  async function goOn(ctx: KoaContextWithOIDC, result: InteractionResults): Promise<void> {
    const returnTo = await provider.interactionResult(ctx.req, ctx.res, result)
    ctx.status = 303
    ctx.redirect(returnTo)
  }

  /**
   * Leaves the session of somebody else who was signed in in this browser. oidc-provider's own way would sign them out, and
   * so end their tokens as well: whoever signs in as Alice and then as Bob wants to be both.
   */
  async function leaveSession(ctx: KoaContextWithOIDC, asked: Interaction, identity: string): Promise<void> {
    if (asked.session === undefined || asked.session.accountId === identity) return
    const session = await provider.Session.get(ctx)
    await session.destroy()
    asked.session = undefined
    await asked.persist()
  }

  async function userCodeOf({ deviceCode }: Interaction): Promise<string | undefined> {
    if (deviceCode === undefined) return undefined
    const { userCode } = (await provider.DeviceCode.find(deviceCode, { ignoreExpiration: true })) ?? {}
    return userCode?.replace(/^(.{4})/, '$1-')
  }
}

function nameOf({ clientName, clientId }: Client): string {
  return clientName ?? clientId
}

function answerAddress({ params }: Interaction): string | undefined {
  const { redirect_uri: address } = params
  return typeof address === 'string' ? address : undefined
}
