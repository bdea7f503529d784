import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { type LoggedOut, openLogins } from '../login/logins.js'

/** What `--json` prints: the profiles that are signed out, and those that could not be. */
interface LogoutResult {
  readonly loggedOut: readonly LoggedOut[]
  readonly failed: readonly { readonly profile: string; readonly error: AuthkitError }[]
}

export default class Logout extends BaseCommand {
  static override summary = 'Sign out: have the provider take back the tokens, and remove them from this machine.'

  static override description =
    paragraphs`Asks the provider to revoke the refresh token and the access token (RFC 7009), then removes them from the keychain and the
profile from the list. Where the provider is away or says no, they are removed all the same, and it says that they live
until they end.

A token in AUTHKIT_TOKEN is not touched.

Exit codes: 0 signed out, 1 the tokens could not be removed, 2 wrong usage.`

  static override examples = [
    { description: 'The default profile', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'Another', command: '<%= config.bin %> <%= command.id %> bob' },
    { description: 'Everybody', command: '<%= config.bin %> <%= command.id %> --all' },
  ]

  static override enableJsonFlag = true

  static override args = {
    profile: Args.string({ ignoreStdin: true, description: 'the profile (default: the default profile)' }),
  }

  static override flags = {
    all: Flags.boolean({ default: false, description: 'sign out of every profile' }),
  }

  async run(): Promise<LogoutResult> {
    const { args, flags } = await this.parse(Logout)
    if (flags.all && args.profile !== undefined) {
      throw new AuthkitError('usage', '--all takes no PROFILE.', { hint: 'Name a profile, or give --all alone.' })
    }
    const logins = openLogins()
    const names = flags.all ? (await logins.list()).profiles.map(({ name }) => name) : [args.profile]
    const loggedOut: LoggedOut[] = []
    const failed: { profile: string; error: AuthkitError }[] = []
    for (const name of names) {
      try {
        const end = await logins.logout(name)
        loggedOut.push(end)
        this.tell(end)
      } catch (error) {
        if (!flags.all || !(error instanceof AuthkitError) || name === undefined) throw error
        failed.push({ profile: name, error })
        this.notice(`${name} is still signed in: ${error.message} ${error.hint}`)
      }
    }
    if (names.length === 0) this.log('  nobody is signed in')
    if (failed.length > 0) process.exitCode = 1
    if (process.env['AUTHKIT_TOKEN']) {
      this.notice('AUTHKIT_TOKEN is set, and goes on being used where no profile is named: unset AUTHKIT_TOKEN')
    }
    return { loggedOut, failed }
  }

  private tell({ profile, revocation, problem }: LoggedOut): void {
    const { bold } = this.style()
    this.log(`  signed out of ${bold(profile)}   ${REVOCATIONS[revocation]}`)
    if (problem) this.notice(`${problem.message} The tokens of ${profile} live there until they end.`)
  }
}

const REVOCATIONS: Record<LoggedOut['revocation'], string> = {
  revoked: 'the provider took back its tokens',
  partly: 'the provider gives no new tokens; the access token is good until it ends',
  unsupported: 'the provider cannot take back tokens: they are good until they end',
  failed: 'on this machine only',
  nothing: 'there were no tokens',
}
