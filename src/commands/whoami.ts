import * as Args from '@oclif/core/args'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { printable } from '../cli/printable.js'
import { timeLeft } from '../cli/time-left.js'
import { openLogins } from '../login/logins.js'
import { type Whoami as Who, whoami } from '../login/whoami.js'

export default class Whoami extends BaseCommand {
  static override summary = 'Show who is signed in, where the tokens are kept and how long they last.'

  static override description =
    paragraphs`Shows a profile as it is kept on this machine: the user, the issuer, the scopes that were granted, the store that has
the tokens, and when the access token ends. Nobody is asked over the network, and no token is printed.

Without PROFILE it is the default, or the token in AUTHKIT_TOKEN where that is set: of it only what it says itself is
known, and nobody has verified that. \`authkit token inspect\` does.

Exit codes: 0 signed in, 1 nobody is or the session has expired, 2 wrong usage.`

  static override examples = [
    { description: 'The default profile', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'Another', command: '<%= config.bin %> <%= command.id %> bob' },
    { description: 'In a script', command: `<%= config.bin %> <%= command.id %> --json | jq -r .user.subject` },
  ]

  static override enableJsonFlag = true

  static override args = {
    profile: Args.string({
      ignoreStdin: true,
      description: 'the profile (default: AUTHKIT_TOKEN, or the default profile)',
    }),
  }

  async run(): Promise<Who> {
    const { args } = await this.parse(Whoami)
    const now = Date.now()
    const who = await whoami(openLogins(), args.profile, { environment: process.env, now })
    if (who.state === 'expired') process.exitCode = 1
    const { bold, dim } = this.style()
    this.log(`  ${bold(printable(titleOf(who)))}   ${whereOf(who)}`)
    for (const [name, value] of rowsOf(who, now)) this.log(`  ${dim(name.padEnd(9))}  ${printable(value)}`)
    return who
  }
}

function titleOf({ user: { name, email, subject } }: Who): string {
  const known = name ?? email
  return known === undefined ? (subject ?? 'somebody') : `${known} (${subject ?? 'unknown'})`
}

function whereOf({ profile, default: isDefault }: Who): string {
  if (profile === undefined) return 'by the token in AUTHKIT_TOKEN, as it says itself: nobody has verified it'
  return `profile ${profile}${isDefault ? ', the default' : ''}`
}

function rowsOf(who: Who, now: number): [string, string][] {
  const { user, issuer, provider, clientId, audience, scopes, store } = who
  const rows: [string, string | undefined][] = [
    ['email', user.name === undefined ? undefined : user.email],
    ['issuer', issuer ?? provider],
    ['client', clientId],
    ['audience', audience],
    ['scopes', scopes.length > 0 ? scopes.join(' ') : undefined],
    ['tokens', store.kind === 'environment' ? undefined : store.title],
    ['session', sessionOf(who, now)],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]))
}

function sessionOf({ state, expiresAt, profile }: Who, now: number): string {
  const end = expiresAt === undefined ? undefined : timeLeft(Date.parse(expiresAt), now)
  switch (state) {
    case 'valid':
      return end === undefined ? 'the access token does not say when it ends' : `the access token ends ${end}`
    case 'renewable':
      return `the access token ended ${end}; the next command that needs one renews it`
    case 'expired':
      return profile === undefined ? `the token ended ${end}` : `expired ${end}: run authkit login --profile ${profile}`
  }
}
