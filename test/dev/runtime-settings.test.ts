import { describe, expect } from 'vitest'
import { createModuleCache, type ModuleCache } from '../../src/dev/module-cache.js'
import { readSettings } from '../../src/dev/runtime-settings.js'
import { readConfig } from '../../src/project/config.js'
import { DEFAULT_SETTINGS } from '../../src/runtime/settings.js'
import { test as base, type TempProject } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

const test = base.extend<{ modules: ModuleCache }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants the pattern
  modules: async ({}, use) => {
    const modules = createModuleCache({ authkitEntry: AUTHKIT_ENTRY })
    await use(modules)
    await modules.close()
  },
})

async function configOf(project: TempProject, config: object) {
  const json = JSON.stringify({ auth: { path: './auth.ts:auth' }, env: {}, ...config })
  await project.write({ 'auth.ts': '', 'langgraph.json': json })
  return await readConfig(project.root)
}

describe('the settings', () => {
  test('of a project that says nothing are the defaults', async ({ project, modules }) => {
    const config = await configOf(project, {})
    expect(readSettings(config, { modules, environment: {} })).toEqual({ settings: DEFAULT_SETTINGS, warnings: [] })
  })

  test('are what langgraph.json says', async ({ project, modules }) => {
    const config = await configOf(project, {
      http: { disable_webhooks: true },
      webhooks: {
        url: { allowed_domains: ['a.example'], disable_loopback: false },
        headers: { 'x-key': `k-\${{ env.LG_WEBHOOK_KEY }}`, 'x-none': `\${{ env.LG_WEBHOOK_NONE }}` },
      },
      store: { index: {}, ttl: { default_ttl: 2, sweep_interval_minutes: 3 } },
      checkpointer: { ttl: { default_ttl: 60, sweep_interval_minutes: 1.5 } },
      authkit: { unscoped_graph_store: true },
    })
    const environment = { LG_WEBHOOK_KEY: 'secret', BG_JOB_TIMEOUT_SECS: '1.5' }
    expect(readSettings(config, { modules, environment })).toEqual({
      settings: {
        webhooks: {
          ...DEFAULT_SETTINGS.webhooks,
          disabled: true,
          allowedDomains: ['a.example'],
          disableLoopback: false,
          headers: { 'x-key': 'k-secret' },
        },
        store: { index: { fields: ['$'] }, ttl: { defaultMinutes: 2, refreshOnRead: true }, unscopedInGraphs: true },
        threadTtl: { strategy: 'delete', ttl_minutes: 60 },
        runTimeoutMs: 1500,
        sweepMs: 90_000,
      },
      warnings: ['webhooks.headers.x-none is not sent: LG_WEBHOOK_NONE is not set, or is no line.'],
    })
  })

  test.for<[string | undefined, number | undefined, number, boolean]>([
    [undefined, undefined, 3_600_000, false],
    ['', undefined, 3_600_000, false],
    ['60', undefined, 60_000, false],
    ['60', 5, 5000, false],
    ['1e12', undefined, 2_147_483_000, false],
    ['0', undefined, 3_600_000, true],
    ['-1', undefined, 3_600_000, true],
    ['soon', undefined, 3_600_000, true],
    ['soon', 5, 5000, false],
  ])('BG_JOB_TIMEOUT_SECS %j and --run-timeout %j are %d ms', async (row, { project, modules }) => {
    const [text, runTimeoutSeconds, ms, warned] = row
    const environment = text === undefined ? {} : { BG_JOB_TIMEOUT_SECS: text }
    const { settings, warnings } = readSettings(await configOf(project, {}), {
      modules,
      environment,
      runTimeoutSeconds,
    })
    expect([settings.runTimeoutMs, warnings.length > 0]).toEqual([ms, warned])
  })

  test('keep threads for ever where no time is given', async ({ project, modules }) => {
    const config = await configOf(project, { checkpointer: { ttl: { strategy: 'keep_latest' } } })
    expect(readSettings(config, { modules, environment: {} }).settings.threadTtl).toBeUndefined()
  })
})

describe('the embed function', () => {
  const INDEX = { store: { index: { dims: 2, embed: './embed.ts:embed', fields: ['title'] } } }

  async function embedOf(project: TempProject, modules: ModuleCache) {
    const { settings } = readSettings(await configOf(project, INDEX), { modules, environment: {} })
    const { embedding, fields } = settings.store.index ?? {}
    expect([fields, embedding?.dims]).toEqual([['title'], 2])
    return (texts: string[]) => embedding?.embed(texts)
  }

  test('is loaded when it is needed, and again when it or what it imports has changed', async ({
    project,
    modules,
  }) => {
    const embed = await embedOf(project, modules)
    await project.write({
      'size.ts': 'export const size: number = 1',
      'embed.ts': `import { size } from './size.js'
        export const embed = async (texts: string[]) => texts.map((text) => [text.length * size, 0])`,
    })
    expect(await embed(['a', 'bb'])).toEqual([
      [1, 0],
      [2, 0],
    ])
    await project.write({ 'size.ts': 'export const size: number = 10' })
    expect(await embed(['a'])).toEqual([[10, 0]])
  })

  test('may be an object of LangChain', async ({ project, modules }) => {
    const embed = await embedOf(project, modules)
    await project.write({
      'embed.ts': `class Model { scale = 3; async embedDocuments(texts: string[]) { return texts.map(() => [this.scale, 1]) } }
        export const embed = new Model()`,
    })
    expect(await embed(['a', 'b'])).toEqual([
      [3, 1],
      [3, 1],
    ])
  })

  test.for([
    ['is not there', undefined, /embed\.ts/],
    ['imports what is not there', 'import "./none.js"', /embed\.ts:1:8/],
    ['does not compile', 'export const = 1', /embed\.ts:1:14/],
    ['throws while it loads', 'throw new Error("hunter2")', /embed\.ts:1:7/],
    ['exports something else', 'export const embed = 1', /"embed" is neither a function/],
    ['exports nothing of the name', 'export const other = 1', /"embed" is neither a function/],
    ['throws', 'export const embed = () => { throw new Error("hunter2") }', /embed\.ts: embed failed/],
  ] as const)('that %s fails the search alone, and says where', async ([, code, detail], { project, modules }) => {
    const embed = await embedOf(project, modules)
    if (code !== undefined) await project.write({ 'embed.ts': code })
    const failed = embed(['a'])
    await expect(failed).rejects.toMatchObject({
      code: 'embed_failed',
      detail: expect.stringMatching(detail),
    })
    await expect(failed).rejects.not.toMatchObject({ detail: expect.stringMatching(/hunter2/) })
    await project.write({ 'embed.ts': 'export const embed = (texts: string[]) => texts.map(() => [1, 2])' })
    expect(await embed(['a'])).toEqual([[1, 2]])
  })
})
