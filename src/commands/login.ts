import * as Flags from '@oclif/core/flags'
import type { InferredFlags } from '@oclif/core/interfaces'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { printable } from '../cli/printable.js'
import { type Progress, showProgress } from '../cli/progress.js'
import { createStyle, wantsColour } from '../cli/style.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { openBrowser } from '../login/browser/open-browser.js'
import { whyNoBrowser } from '../login/browser/why-no-browser.js'
import { findLocalIssuer } from '../login/dev-server.js'
import { type Flow, type LoggedIn, logIn } from '../login/log-in.js'
import { type LoginTarget, loginTarget } from '../login/login-target.js'
import { eventText, type LoginResult, labelOf, placeOf, rowsOf, spinner } from '../login/login-text.js'
import { type Logins, openLogins } from '../login/logins.js'
import { DEFAULT_PROFILE } from '../login/profiles/profile-name.js'
import { chooseStore } from '../login/store/choose-store.js'
import { STORE_KINDS } from '../login/store/token-store.js'
import { inspectConfig } from '../project/config.js'
import { PROVIDERS } from '../providers/index.js'
import { needsOf } from '../providers/needs.js'
import type { Provider } from '../providers/provider.js'

/** What `--list-providers --json` prints of each. */
interface ListedProvider {
  readonly name: string
  readonly title: string
  readonly issuer?: string
  readonly issuerExample?: string
  readonly needs: readonly string[]
  readonly docs: string
}

export default class Login extends BaseCommand {
  static override summary = 'Sign in through your browser, and keep the tokens in the keychain of your system.'

  static override description =
    paragraphs`Opens the sign-in page of a provider in your browser, takes the answer on a port of this machine, and keeps what comes of it
as a profile: \`authkit token\`, \`authkit test-isolation --alice @NAME\` and the other commands use it. Where no browser can be
opened (SSH, a container, no display), it shows a code to enter on any device instead.

Where to sign in is what the flags say, else \`authkit.login\` of langgraph.json, else the local issuer of the \`authkit dev\`
that runs. docs/login.md tells it as a story; docs/providers.md says for each provider what to register there.

The secret of an application goes into AUTHKIT_CLIENT_SECRET; it is asked for where it is needed and missing. No token is
printed.

Exit codes: 0 signed in, 1 refused or something is wrong, 2 wrong usage, 3 timed out or the provider did not answer, 130
Ctrl-C.`

  static override examples = [
    { description: 'At the authkit dev that runs', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'As two users', command: '<%= config.bin %> <%= command.id %> --profile alice' },
    {
      description: 'At any OpenID provider',
      command: '<%= config.bin %> <%= command.id %> --issuer https://login.example.com --client-id my-cli',
    },
    {
      description: 'At GitHub, with a code instead of a browser',
      command: '<%= config.bin %> <%= command.id %> --provider github --client-id Iv1.0123456789abcdef --device',
    },
    { description: 'Which providers there are', command: '<%= config.bin %> <%= command.id %> --list-providers' },
  ]

  static override enableJsonFlag = true

  static override flags = {
    issuer: Flags.string({
      helpGroup: 'PROVIDER',
      helpValue: 'URL',
      description: 'the OpenID provider, spelled as it spells itself; a slash at the end counts',
    }),
    provider: Flags.string({
      helpGroup: 'PROVIDER',
      helpValue: 'NAME',
      description: 'a provider that authkit knows, also together with --issuer',
    }),
    'client-id': Flags.string({
      helpGroup: 'PROVIDER',
      helpValue: 'ID',
      description: 'the application that is registered there',
    }),
    scope: Flags.string({
      multiple: true,
      helpGroup: 'PROVIDER',
      helpValue: 'SCOPE',
      description: 'what to ask for, in the place of what the provider is usually asked for',
    }),
    audience: Flags.string({
      helpGroup: 'PROVIDER',
      helpValue: 'ID',
      description: 'the service that the access token shall be for',
    }),
    'list-providers': Flags.boolean({
      default: false,
      helpGroup: 'PROVIDER',
      description: 'list the providers, and what each needs, and do nothing',
    }),
    profile: Flags.string({
      default: DEFAULT_PROFILE,
      helpGroup: 'PROFILE',
      helpValue: 'NAME',
      description: 'what to call the sign-in',
    }),
    replace: Flags.boolean({
      default: false,
      helpGroup: 'PROFILE',
      description: 'take whoever signs in, although the profile is somebody else',
    }),
    'token-store': Flags.string({
      helpGroup: 'PROFILE',
      options: [...STORE_KINDS],
      description: 'where the tokens go (default: AUTHKIT_TOKEN_STORE, or the keychain)',
    }),
    device: Flags.boolean({
      allowNo: true,
      helpGroup: 'BROWSER',
      description: 'show a code to enter on any device (default: where no browser can be opened)',
    }),
    open: Flags.boolean({
      allowNo: true,
      default: true,
      helpGroup: 'BROWSER',
      description: 'open the browser; the URL is printed in any case',
    }),
    port: Flags.integer({
      min: 1,
      max: 65_535,
      helpGroup: 'BROWSER',
      description: "the port of the callback (default: a free one, or those of the provider's rule)",
    }),
    timeout: Flags.integer({
      min: 1,
      max: 3600,
      helpGroup: 'BROWSER',
      helpValue: 'SECONDS',
      description: 'how long to wait for you (default: 300, or as long as a code works)',
    }),
  }

  async run(): Promise<LoginResult | readonly ListedProvider[]> {
    const { flags } = await this.parse(Login)
    if (flags['list-providers']) return this.listProviders()

    const store = chooseStore(flags['token-store'], process.env)
    const target = await this.target(flags)
    const noBrowser = flags.open ? whyNoBrowser({ environment: process.env }) : '--no-open was given'
    const logins = openLogins()
    const style = createStyle(wantsColour(process.stderr))
    this.logToStderr(`  signing in at ${placeOf(target)}`)

    const interruption = new AbortController()
    const interrupt = () =>
      interruption.abort(new AuthkitError('login_interrupted', 'Interrupted. Nobody was signed in.'))
    process.once('SIGINT', interrupt)
    let waiting: Progress | undefined
    try {
      const loggedIn = await logIn({
        target,
        logins,
        profile: flags.profile,
        store,
        replace: flags.replace,
        flow: flowOf(flags.device, noBrowser),
        clientSecret: (needed) => this.clientSecret(needed, target.provider),
        port: flags.port,
        open: noBrowser === undefined ? openBrowser : undefined,
        timeoutMs: flags.timeout === undefined ? undefined : flags.timeout * 1000,
        signal: interruption.signal,
        onEvent: (event) => {
          waiting?.clear()
          this.logToStderr(eventText(event, noBrowser, style))
          waiting ??= showProgress(spinner('waiting for you to sign in'), { silent: false })
        },
      })
      waiting?.end()
      return await this.tell(loggedIn, logins)
    } finally {
      waiting?.end()
      process.off('SIGINT', interrupt)
    }
  }

  /** Where to sign in: by the flags, the project in this folder, or the dev server that runs. */
  private async target(flags: InferredFlags<typeof Login.flags>): Promise<LoginTarget> {
    const { config, error } = await inspectConfig('.', { authRequired: false })
    if (error) throw error
    return loginTarget({
      flags: {
        provider: flags.provider,
        issuer: flags.issuer,
        clientId: flags['client-id'],
        scopes: flags.scope?.flatMap((scope) => scope.split(/[ ,]+/)).filter(Boolean),
        audience: flags.audience,
      },
      project: config?.authkit.login ?? {},
      findLocalIssuer: () => findLocalIssuer({ folder: '.' }),
    })
  }

  /** AUTHKIT_CLIENT_SECRET, or what a person types where it is needed. Never a flag: those are seen by everybody. */
  private async clientSecret(needed: boolean, provider: Provider): Promise<string | undefined> {
    const given = process.env['AUTHKIT_CLIENT_SECRET']
    if (given || !needed) return given || undefined
    if (!this.interactive() || this.jsonEnabled()) {
      const device = provider.publicClients === 'device-flow' ? ', or sign in with --device, which needs none' : ''
      throw new AuthkitError('login_client_missing', `${provider.title} wants the secret of the application.`, {
        hint: `Put it into AUTHKIT_CLIENT_SECRET${device}.`,
      })
    }
    const { password } = await import('@clack/prompts')
    const answer = await password({ message: `The client secret of the application at ${provider.title}` })
    if (typeof answer === 'string' && answer !== '') return answer
    throw new AuthkitError('login_interrupted', 'There is no client secret. Nobody was signed in.')
  }

  private async tell(loggedIn: LoggedIn, logins: Logins): Promise<LoginResult> {
    const { profile, replaced, scopes, expiresAt, renewable } = loggedIn
    const { name, provider, issuer, clientId, user, audience } = profile
    // Just stored, so nobody is asked for it again.
    const [{ store }, { default: chosen }] = await Promise.all([logins.open(name), logins.list()])
    const result: LoginResult = {
      profile: name,
      default: chosen === name,
      provider,
      ...(issuer !== undefined && { issuer }),
      clientId,
      user,
      ...(replaced && { replaced }),
      scopes,
      ...(audience !== undefined && { audience }),
      store: { kind: store.kind, title: store.title },
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
      renewable,
    }
    const { green, bold, dim } = this.style()
    this.log(`  ${green('signed in')} as ${bold(printable(labelOf(user)))}`)
    for (const [label, value] of rowsOf(result, Date.now())) this.log(`  ${dim(label.padEnd(9))}  ${printable(value)}`)
    return result
  }

  private listProviders(): readonly ListedProvider[] {
    const listed = PROVIDERS.map(listedProvider)
    const width = Math.max(...listed.map(({ name }) => name.length))
    const { bold, dim } = this.style()
    for (const { name, title, needs, docs } of listed) {
      this.log(`  ${bold(name.padEnd(width))}  ${title}`)
      this.log(`  ${' '.repeat(width)}  ${dim(`needs ${needs.length === 0 ? 'nothing' : needs.join(', ')}`)}`)
      if (needs.length > 0) this.log(`  ${' '.repeat(width)}  ${dim(docs)}`)
    }
    return listed
  }
}

/** A browser where one can be opened; `either` lets the provider decide between a code and a URL to open by hand. */
function flowOf(device: boolean | undefined, noBrowser: string | undefined): Flow {
  if (device !== undefined) return device ? 'device' : 'browser'
  return noBrowser === undefined ? 'browser' : 'either'
}

function listedProvider(provider: Provider): ListedProvider {
  const { name, title, issuer, issuerExample, docs } = provider
  return {
    name,
    title,
    ...(issuer !== undefined && { issuer }),
    ...(issuerExample !== undefined && { issuerExample }),
    needs: needsOf(provider),
    docs,
  }
}
