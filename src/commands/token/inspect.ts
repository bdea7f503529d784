import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../cli/base-command.js'
import { paragraphs } from '../../cli/paragraphs.js'
import { printable, printableJson } from '../../cli/printable.js'
import { readStdin } from '../../cli/read-stdin.js'
import type { Style } from '../../cli/style.js'
import { chooseToken } from '../../login/inspect/choose-token.js'
import { type InspectedToken, inspectToken, type TokenCheck } from '../../login/inspect/inspect-token.js'
import { openLogins } from '../../login/logins.js'

/** What `--json` prints. */
interface InspectResult extends InspectedToken {
  readonly source: string
}

export default class TokenInspect extends BaseCommand {
  static override summary = 'Decode an access token on this machine, verify it, and say what a service would refuse.'

  static override description =
    paragraphs`Shows what a JWT says, and looks at it as a service would that gets it: whether its issuer signed it, whether it is its
time, and whether issuer and audience are the expected ones. The token goes nowhere, and its signature is not printed.
Only the issuer's published keys are fetched, and only from an issuer that somebody is signed in at or that --issuer
names.

It shows the token as it is kept, without renewing it. PROFILE can be \`-\`: then the token is read from stdin, so that it
stays out of the process list and the history of the shell.

Exit codes: 0 nothing is wrong with it, 1 something is, 2 wrong usage, 3 something could not be looked at, as with a token
that is no JWT.`

  static override examples = [
    { description: "Alice's token", command: '<%= config.bin %> <%= command.id %> alice' },
    {
      description: 'Would this service take it?',
      command: '<%= config.bin %> <%= command.id %> alice --audience https://api.example.com',
    },
    {
      description: 'A token from elsewhere',
      command: 'pbpaste | <%= config.bin %> <%= command.id %> - --issuer https://id.example.com',
    },
  ]

  static override enableJsonFlag = true

  static override args = {
    profile: Args.string({
      ignoreStdin: true,
      description: 'the profile, or - for stdin (default: AUTHKIT_TOKEN, or the default profile)',
    }),
  }

  static override flags = {
    issuer: Flags.string({ helpValue: 'URL', description: 'where it should be from (default: that of the profile)' }),
    audience: Flags.string({
      helpValue: 'AUDIENCE',
      description: 'what it should be for (default: that of the profile)',
    }),
  }

  async run(): Promise<InspectResult> {
    const { args, flags } = await this.parse(TokenInspect)
    const stdin = () => {
      if (process.stdin.isTTY) this.notice('Paste the token, then press Ctrl-D on a new line.')
      return readStdin()
    }
    const chosen = await chooseToken(openLogins(), { name: args.profile, environment: process.env, stdin })
    const inspected = await inspectToken(chosen.token, {
      ...chosen,
      issuer: flags.issuer ?? chosen.issuer,
      audience: flags.audience ?? chosen.audience,
      now: Date.now(),
    })
    process.exitCode = exitCodeOf(inspected)
    this.log(textOf(chosen.source, inspected, this.style()))
    return { source: chosen.source, ...inspected }
  }
}

function exitCodeOf({ kind, checks }: InspectedToken): number {
  if (checks.some(({ verdict }) => verdict === 'bad')) return 1
  return kind === 'opaque' || checks.some(({ verdict }) => verdict === 'unknown') ? 3 : 0
}

function textOf(source: string, { kind, header, claims, checks }: InspectedToken, style: Style): string {
  const { bold, dim } = style
  if (kind === 'opaque') {
    return `  ${bold(source)}   no JWT, or one that is encrypted: only its provider can say what it is`
  }
  const json = (part: unknown) => printableJson(JSON.stringify(part, null, 2)).replaceAll(/^/gm, '  ')
  return [
    `  ${bold(source)}`,
    '',
    dim('  header'),
    json(header),
    dim('  claims'),
    json(claims),
    '',
    ...checks.map((check) => lineOf(check, style)),
  ].join('\n')
}

function lineOf({ name, verdict, why }: TokenCheck, { green, red, yellow }: Style): string {
  const paint = { good: green, bad: red, unknown: yellow }[verdict]
  return `  ${paint(verdict.padEnd(7))}  ${name.padEnd(9)}  ${printable(why)}`
}
