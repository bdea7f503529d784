import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import type { DoctorReport } from '../doctor/report-json.js'

export default class Doctor extends BaseCommand {
  static override summary = 'Check a set-up, and say what to do about it.'

  static override description =
    paragraphs`Looks at the project, the identity provider, the registered application and the sign-ins of this machine: Node,
langgraph.json, auth.ts, the clock, the issuer, the callback, scopes, the audience, the keychain and the tokens. It asks
the provider what a browser would ask, and changes nothing.

Without flags it looks at the sign-in that \`authkit login\` would begin here. Name a provider to see whether what you have
registered there is complete.

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage, 3 something could not be looked at.`

  static override examples = [
    { description: 'Look at everything', command: '<%= config.bin %> <%= command.id %>' },
    {
      description: 'Before the first sign-in: is the application registered as it has to be?',
      command: '<%= config.bin %> <%= command.id %> --provider feishu --client-id cli_a5ca35a685b0x26e',
    },
    {
      description: 'What is wrong, for scripts',
      command: `<%= config.bin %> <%= command.id %> --json | jq '.checks[] | select(.findings[].level == "wrong")'`,
    },
  ]

  static override enableJsonFlag = true

  static override args = {
    dir: Args.string({ ignoreStdin: true, default: '.', description: 'the folder of the project' }),
  }

  static override flags = {
    config: Flags.string({ char: 'c', helpGroup: 'PROJECT', description: 'langgraph.json under another name or path' }),
    port: Flags.integer({
      char: 'p',
      min: 1,
      max: 65_535,
      default: 2024,
      env: 'AUTHKIT_PORT',
      helpGroup: 'PROJECT',
      description: 'the port of `authkit dev`',
    }),
    issuer: Flags.string({ helpGroup: 'SIGN-IN', helpValue: 'URL', description: 'the OpenID provider to look at' }),
    provider: Flags.string({
      helpGroup: 'SIGN-IN',
      helpValue: 'NAME',
      description: 'the provider to look at: github, feishu, ...',
    }),
    'client-id': Flags.string({ helpGroup: 'SIGN-IN', description: 'the application that is registered there' }),
    scope: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'SIGN-IN',
      description: 'what sign-in asks for; may be repeated',
    }),
    audience: Flags.string({ helpGroup: 'SIGN-IN', description: 'the service that tokens are for' }),
    profile: Flags.string({
      helpGroup: 'SIGN-IN',
      helpValue: 'NAME',
      description: 'the profile to look at (default: the default)',
    }),
    verbose: Flags.boolean({ char: 'v', default: false, description: 'also say why something was skipped' }),
    timeout: Flags.integer({
      min: 1,
      max: 300,
      default: 10,
      helpValue: 'SECONDS',
      description: 'how long anything that is asked has to answer',
    }),
  }

  async run(): Promise<DoctorReport> {
    const { args, flags } = await this.parse(Doctor)
    const [{ CHECKS }, { openSetup }, { exitCodeOf, runChecks }, { doctorReport }, { doctorText }] = await Promise.all([
      import('../doctor/checks/index.js'),
      import('../doctor/open-setup.js'),
      import('../doctor/run-checks.js'),
      import('../doctor/report-json.js'),
      import('../doctor/report-text.js'),
    ])
    const timeoutMs = flags.timeout * 1000
    const setup = openSetup({
      root: resolve(args.dir),
      configFile: flags.config,
      authkitEntry: authkitEntry(),
      flags: {
        provider: flags.provider,
        issuer: flags.issuer,
        clientId: flags['client-id'],
        scopes: flags.scope,
        audience: flags.audience,
      },
      profile: flags.profile,
      port: flags.port,
      timeoutMs,
    })
    // A check asks several times at most.
    const results = await runChecks(CHECKS, setup, { timeoutMs: timeoutMs * 3 })
    process.exitCode = exitCodeOf(results)
    this.log(doctorText(results, { style: this.style(), verbose: flags.verbose }))
    if (!this.jsonEnabled()) this.end()
    return doctorReport(results)
  }

  override logJson(json: unknown): void {
    super.logJson(json)
    this.end()
  }

  /** auth.ts was loaded, and may have left a timer or a connection: it must not keep this process. */
  private end(): void {
    process.stdout.write('', () => process.exit())
  }
}

/** The module that `import "authkit"` means in dev: built beside this file, or the source itself. */
function authkitEntry(): string {
  const built = fileURLToPath(new URL('../authkit-in-dev.js', import.meta.url))
  return existsSync(built) ? built : fileURLToPath(new URL('../authkit-in-dev.ts', import.meta.url))
}
