import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { openLogins } from '../../login/logins.js'

/** What `--json` prints. */
interface TokenResult {
  readonly token: string
  readonly profile?: string
  readonly expiresAt?: string
}

export default class Token extends BaseCommand {
  static override summary = 'Print an access token that works, and nothing else.'

  static override description =
    paragraphs`Prints the access token of a profile on stdout, for the header of a request. Where it is over, or nearly, it is renewed
first: once, however many commands ask at once. Whatever else there is to say goes to stderr.

Without PROFILE it is the token in AUTHKIT_TOKEN where that is set, as it is; else that of the default profile.

Exit codes: 0 printed, 1 nobody is signed in or the session has expired, 2 wrong usage, 3 the provider or another process
did not answer.`

  static override examples = [
    {
      description: 'Call an API as Alice',
      command:
        'curl -H "authorization: Bearer $(<%= config.bin %> <%= command.id %> alice)" http://127.0.0.1:2024/threads/search -d {}',
    },
    { description: 'The default profile', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'With its end', command: '<%= config.bin %> <%= command.id %> alice --json' },
  ]

  static override enableJsonFlag = true

  static override args = {
    profile: Args.string({
      ignoreStdin: true,
      description: 'the profile (default: AUTHKIT_TOKEN, or the default profile)',
    }),
  }

  async run(): Promise<TokenResult> {
    const { args } = await this.parse(Token)
    const { token, profile, expiresAt, notice } = await openLogins().accessToken(args.profile)
    if (notice !== undefined) this.notice(notice)
    this.log(token)
    return {
      token,
      ...(profile !== undefined && { profile }),
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    }
  }
}
