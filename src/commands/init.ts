import { join, relative } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import { applyPlan } from '../scaffold/apply-plan.js'
import { type Plan, planInit, type Step } from '../scaffold/plan.js'
import { DEFAULT_TEMPLATE, listTemplates } from '../scaffold/templates.js'

/** What `--json` prints. */
interface InitResult {
  readonly root: string
  readonly template: string
  readonly dryRun: boolean
  readonly steps: readonly Pick<Step, 'action' | 'path' | 'why'>[]
  readonly next: string
}

interface TemplateList {
  readonly templates: readonly { readonly name: string; readonly description: string }[]
}

const DONE = { create: 'created', update: 'updated', replace: 'replaced', keep: 'kept' } as const

export default class Init extends BaseCommand {
  static override summary = 'Write an auth.ts that is safe by default, into an empty folder or an existing project.'

  static override description = paragraphs`Writes auth.ts from a template, names it in langgraph.json under "auth.path"
(every other key, comment and space stays as it is) and adds .authkit/ to .gitignore. A file that is there and differs is
never overwritten without --force. Running it again changes nothing.

Where langgraph.json already names an auth file that does not exist yet, the template is written there. Where the project
depends on @langchain/langgraph-sdk, the file imports Auth from it.`

  static override examples = [
    { description: 'Into this folder', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'See the templates', command: '<%= config.bin %> <%= command.id %> --list' },
    {
      description: 'Another template, into another folder',
      command: '<%= config.bin %> <%= command.id %> my-agent --template permissions',
    },
    { description: 'Only say what would happen', command: '<%= config.bin %> <%= command.id %> --dry-run' },
  ]

  static override enableJsonFlag = true

  static override args = {
    dir: Args.string({
      ignoreStdin: true,
      default: '.',
      description: 'the folder of the project; made if it does not exist',
    }),
  }

  static override flags = {
    template: Flags.string({ char: 't', description: `what auth.ts begins with (default: ${DEFAULT_TEMPLATE})` }),
    list: Flags.boolean({ description: 'list the templates and do nothing' }),
    force: Flags.boolean({ default: false, description: 'replace an auth file that exists and differs' }),
    'dry-run': Flags.boolean({ default: false, description: 'say what would be done, and do nothing' }),
    yes: Flags.boolean({ char: 'y', default: false, description: 'ask nothing' }),
  }

  async run(): Promise<InitResult | TemplateList> {
    const { args, flags } = await this.parse(Init)
    const templates = join(this.config.root, 'templates')
    if (flags.list) return this.list(templates)

    const template = flags.template ?? (this.mayAsk(flags.yes) ? await this.ask(templates) : DEFAULT_TEMPLATE)
    const plan = await planInit(args.dir, { templates, template, force: flags.force })
    if (!flags['dry-run']) await applyPlan(plan)
    return this.report(plan, flags['dry-run'])
  }

  private mayAsk(yes: boolean): boolean {
    return this.interactive() && !yes && !this.jsonEnabled()
  }

  /** Asks which template. Ctrl-C ends the command with exit code 130, as a shell expects; nothing has been written. */
  private async ask(templates: string): Promise<string> {
    const { isCancel, select } = await import('@clack/prompts')
    const answer = await select({
      message: 'Which auth.ts do you want to begin with?',
      initialValue: DEFAULT_TEMPLATE,
      options: (await listTemplates(templates)).map(({ name, description }) => ({
        value: name,
        label: name,
        hint: description,
      })),
    })
    return isCancel(answer) ? this.exit(130) : answer
  }

  private async list(folder: string): Promise<TemplateList> {
    const templates = (await listTemplates(folder)).map(({ name, description }) => ({ name, description }))
    const { bold } = this.style()
    const width = Math.max(...templates.map(({ name }) => name.length))
    for (const { name, description } of templates) {
      const note = name === DEFAULT_TEMPLATE ? ' (default)' : ''
      this.log(`  ${bold(name.padEnd(width))}   ${description}${note}`)
    }
    return { templates }
  }

  private report({ root, template, steps }: Plan, dryRun: boolean): InitResult {
    const { bold, dim, green, yellow } = this.style()
    const width = Math.max(...steps.map(({ path }) => path.length))
    for (const { action, path, why } of steps) {
      const verb = (dryRun ? action : DONE[action]).padEnd(8)
      const paint = action === 'keep' ? dim : action === 'replace' ? yellow : green
      this.log(`  ${paint(verb)}  ${path.padEnd(width)}   ${dim(why)}`)
    }
    const next = nextCommand(root, process.cwd())
    this.log(dryRun ? `  ${'dry run'.padEnd(8)}  nothing was written` : `  ${'next'.padEnd(8)}  ${bold(next)}`)
    return { root, template, dryRun, steps: steps.map(({ action, path, why }) => ({ action, path, why })), next }
  }
}

/** The command that comes after init, as it can be pasted where the user stands. */
function nextCommand(root: string, cwd: string): string {
  const folder = relative(cwd, root)
  if (folder === '') return 'npx authkit dev'
  return `cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)} && npx authkit dev`
}
