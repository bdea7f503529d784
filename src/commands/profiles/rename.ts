import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { openLogins } from '../../login/logins.js'

export default class ProfilesRename extends BaseCommand {
  static override summary = 'Give a profile another name.'

  static override description =
    paragraphs`Moves a profile and its tokens to another name, in the store that keeps them. The user stays signed in, and the default
stays the default. A name has letters, digits, "-", "_" and ".", at most 64 of them.`

  static override examples = [
    { description: 'Rename it', command: '<%= config.bin %> <%= command.id %> default alice' },
    { description: 'See what there is', command: '<%= config.bin %> profiles' },
    { description: 'Sign in under a name at once', command: '<%= config.bin %> login --profile alice' },
  ]

  static override enableJsonFlag = true

  static override args = {
    profile: Args.string({ ignoreStdin: true, required: true, description: 'the profile' }),
    name: Args.string({ ignoreStdin: true, required: true, description: 'its new name' }),
  }

  async run(): Promise<{ profile: string; was: string }> {
    const { args } = await this.parse(ProfilesRename)
    const { name } = await openLogins().rename(args.profile, args.name)
    this.log(`  ${args.profile} is ${this.style().bold(name)} now`)
    return { profile: name, was: args.profile }
  }
}
