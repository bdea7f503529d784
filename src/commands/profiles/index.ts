import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { printable } from '../../cli/printable.js'
import { openLogins } from '../../login/logins.js'
import { defaultOf, type ListedProfile } from '../../login/profiles/profile-list.js'

/** What `--json` prints. */
interface ProfilesResult {
  readonly home: string
  readonly default?: string
  readonly profiles: readonly (Omit<ListedProfile, 'signedInAt'> & { readonly signedInAt: string })[]
}

export default class ProfilesCommand extends BaseCommand {
  static override summary = 'List who is signed in where.'

  static override description =
    paragraphs`Shows every profile with its user, its issuer and the store that keeps its tokens. It reads the list of profiles only,
which holds no secret: the keychain is not opened. \`authkit whoami\` shows more about one.

The list is profiles.json in the folder that AUTHKIT_HOME names, else in authkit below $XDG_CONFIG_HOME or ~/.config.`

  static override examples = [
    { description: 'List them', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'Choose the one that commands use', command: '<%= config.bin %> <%= command.id %> use bob' },
    {
      description: 'Their names, for a script',
      command: `<%= config.bin %> <%= command.id %> --json | jq -r '.profiles[].name'`,
    },
  ]

  static override enableJsonFlag = true

  async run(): Promise<ProfilesResult> {
    await this.parse(ProfilesCommand)
    const logins = openLogins()
    const list = await logins.list()
    const chosen = defaultOf(list)
    this.log(list.profiles.length > 0 ? this.table(list.profiles, chosen) : '  nobody is signed in: run authkit login')
    return {
      home: logins.home,
      ...(chosen && { default: chosen.name }),
      profiles: list.profiles.map((profile) => ({
        ...profile,
        signedInAt: new Date(profile.signedInAt).toISOString(),
      })),
    }
  }

  private table(profiles: readonly ListedProfile[], chosen: ListedProfile | undefined): string {
    const { bold, dim } = this.style()
    const rows = profiles.map(({ name, user, issuer, provider, store }) => [
      name,
      printable(user.name ?? user.email ?? user.subject),
      printable(issuer ?? provider),
      store,
    ])
    const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
    return rows
      .map(([name = '', user = '', issuer = '', store = '']) => {
        const [first = 0, second = 0, third = 0] = widths
        const mark = name === chosen?.name ? '   default' : ''
        return `  ${bold(name.padEnd(first))}   ${user.padEnd(second)}   ${dim(issuer.padEnd(third))}   ${store}${mark}`
      })
      .join('\n')
  }
}
