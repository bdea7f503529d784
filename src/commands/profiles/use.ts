import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { openLogins } from '../../login/logins.js'

export default class ProfilesUse extends BaseCommand {
  static override summary = 'Choose the profile that commands use where none is named.'

  static override description =
    paragraphs`Makes a profile the default: of \`authkit whoami\`, \`authkit token\` and \`authkit logout\`. The first profile that somebody
signs in with is the default until another is chosen.`

  static override examples = [
    { description: 'Be Bob from now on', command: '<%= config.bin %> <%= command.id %> bob' },
    { description: 'See what there is', command: '<%= config.bin %> profiles' },
    { description: 'Be somebody else once', command: '<%= config.bin %> token alice' },
  ]

  static override enableJsonFlag = true

  static override args = { profile: Args.string({ ignoreStdin: true, required: true, description: 'the profile' }) }

  async run(): Promise<{ default: string }> {
    const { args } = await this.parse(ProfilesUse)
    const { name } = await openLogins().setDefault(args.profile)
    this.log(`  ${this.style().bold(name)} is the default`)
    if (process.env['AUTHKIT_TOKEN']) this.notice('AUTHKIT_TOKEN is set, and comes before it: unset AUTHKIT_TOKEN')
    return { default: name }
  }
}
