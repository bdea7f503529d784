import { AuthkitError } from '../errors/authkit-error.js'
import type { ProjectConfig } from '../project/config.js'
import type { ModulePath } from '../project/module-path.js'
import { relativeTo } from '../project/source-position.js'
import { fillHeader } from '../project/webhook-headers.js'
import { DEFAULT_SETTINGS, type RuntimeSettings, type StoreIndex, type StoreSettings } from '../runtime/settings.js'
import type { ModuleCache } from './module-cache.js'

/** The settings of a project as it is now, and what in it could not be used, one sentence each. */
export interface SettingsReading {
  readonly settings: RuntimeSettings
  readonly warnings: readonly string[]
}

export interface SettingsOptions {
  readonly modules: ModuleCache
  /** Holds the variables of .env too. */
  readonly environment: NodeJS.ProcessEnv
  /** What `--run-timeout` says; it wins over BG_JOB_TIMEOUT_SECS. */
  readonly runTimeoutSeconds?: number | undefined
}

/** The longest time that a timer can wait. */
export const MAX_TIMEOUT_SECONDS = 2_147_483

/** Turns what langgraph.json and the environment say into the settings of the runtime. */
export function readSettings(
  config: ProjectConfig,
  { modules, environment, runTimeoutSeconds }: SettingsOptions,
): SettingsReading {
  const { webhooks, store, threadTtl, authkit } = config
  const headers = headersOf(webhooks.headers, environment)
  const timeout = timeoutOf(environment['BG_JOB_TIMEOUT_SECS'])
  const sweeps = [store.ttl?.sweepMinutes, threadTtl.sweepMinutes].filter((minutes) => minutes !== undefined)
  const settings: RuntimeSettings = {
    ...DEFAULT_SETTINGS,
    webhooks: { ...DEFAULT_SETTINGS.webhooks, ...webhooks, headers: headers.found },
    store: storeOf(config, modules, authkit.unscopedGraphStore),
    ...(threadTtl.defaultMinutes === undefined
      ? {}
      : { threadTtl: { strategy: threadTtl.strategy ?? 'delete', ttl_minutes: threadTtl.defaultMinutes } }),
    ...inMs('runTimeoutMs', runTimeoutSeconds ?? timeout.seconds),
    ...inMs('sweepMs', sweeps.length === 0 ? undefined : Math.max(1, Math.min(...sweeps) * 60)),
  }
  return { settings, warnings: [...headers.warnings, ...(runTimeoutSeconds === undefined ? timeout.warnings : [])] }
}

function storeOf(
  { root, store: { index, ttl } }: ProjectConfig,
  modules: ModuleCache,
  unscoped: boolean,
): StoreSettings {
  const { fields = ['$'], embed, dims } = index ?? {}
  const embedding = embed && dims !== undefined ? { dims, embed: embedWith(modules, root, embed) } : undefined
  return {
    ...(index && { index: { fields, ...(embedding && { embedding }) } }),
    ...(ttl && {
      ttl: {
        refreshOnRead: ttl.refreshOnRead ?? true,
        ...(ttl.defaultMinutes === undefined ? {} : { defaultMinutes: ttl.defaultMinutes }),
      },
    }),
    unscopedInGraphs: unscoped,
  }
}

/** The function that a file exports, or the `embedDocuments` of the object that it exports, as LangChain has it. */
function embedWith(modules: ModuleCache, root: string, { path, export: name }: ModulePath) {
  const file = relativeTo(root, path)
  const embed: NonNullable<StoreIndex['embedding']>['embed'] = async (texts) => {
    const load = await modules.load(root, path)
    if (load.kind === 'failed') {
      const { message, detail } = load.error
      throw new AuthkitError('embed_failed', message, { cause: load.error, detail })
    }
    const call = callOf(load.namespace[name])
    if (!call) {
      const wanted = 'a function of texts, nor an object with embedDocuments'
      throw new AuthkitError('embed_failed', `${file}: the export "${name}" is neither ${wanted}.`)
    }
    try {
      return (await call([...texts])) as readonly (readonly number[])[]
    } catch (cause) {
      // What a client of an embedding service throws may quote its key.
      const detail = `${file}: ${name} failed. The terminal of authkit dev shows why.`
      const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
      throw new AuthkitError('embed_failed', `${file}: ${name} failed: ${why}`, { cause, detail })
    }
  }
  return embed
}

function callOf(exported: unknown): ((texts: string[]) => unknown) | undefined {
  if (typeof exported === 'function') return (texts) => exported(texts) as unknown
  const { embedDocuments } = (exported ?? {}) as { embedDocuments?: unknown }
  if (typeof embedDocuments !== 'function') return undefined
  return (texts) => embedDocuments.call(exported, texts) as unknown
}

function headersOf(templates: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv) {
  const found: Record<string, string> = {}
  const warnings: string[] = []
  for (const [name, template] of Object.entries(templates)) {
    const filled = fillHeader(template, environment)
    if ('text' in filled) found[name] = filled.text
    else warnings.push(`webhooks.headers.${name} is not sent: ${filled.missing.join(', ')} is not set, or is no line.`)
  }
  return { found, warnings }
}

function timeoutOf(text: string | undefined): { seconds: number | undefined; warnings: readonly string[] } {
  if (text === undefined || text.trim() === '') return { seconds: undefined, warnings: [] }
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0) return { seconds, warnings: [] }
  return { seconds: undefined, warnings: ['BG_JOB_TIMEOUT_SECS is ignored: it must be a number of seconds above 0.'] }
}

function inMs<K extends string>(key: K, seconds: number | undefined): { readonly [P in K]?: number } {
  if (seconds === undefined) return {}
  return { [key]: Math.min(seconds, MAX_TIMEOUT_SECONDS) * 1000 } as { readonly [P in K]?: number }
}
