import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { openLogins } from '../../login/logins.js'

export default class ProfilesRemove extends BaseCommand {
  static override summary = 'Forget a profile on this machine, without telling the provider.'

  static override description =
    paragraphs`Removes the tokens of a profile from this machine, and the profile from the list. The provider is not asked, so the tokens
stay good until they end: \`authkit logout\` takes them back, and is what you want, except where the provider is gone for
good or the key of an encrypted file is lost.`

  static override examples = [
    { description: 'Forget it', command: '<%= config.bin %> <%= command.id %> old' },
    { description: 'Sign out of it', command: '<%= config.bin %> logout old' },
    { description: 'See what there is', command: '<%= config.bin %> profiles' },
  ]

  static override enableJsonFlag = true

  static override args = { profile: Args.string({ ignoreStdin: true, required: true, description: 'the profile' }) }

  async run(): Promise<{ removed: string }> {
    const { args } = await this.parse(ProfilesRemove)
    const { name } = await openLogins().remove(args.profile)
    this.log(`  ${this.style().bold(name)} is forgotten here; at the provider its tokens are good until they end`)
    return { removed: name }
  }
}
