import { extname } from 'node:path'
import { domainToASCII } from 'node:url'
import { type ModulePath, parseModulePath } from './module-path.js'
import { relativeTo } from './source-position.js'

/** `webhooks` and `http.disable_webhooks` of langgraph.json. What it does not say is absent. */
export interface WebhookConfig {
  readonly disabled: boolean
  /** As URLs have them: lower case, and in ASCII. */
  readonly allowedDomains?: readonly string[]
  readonly allowedPorts?: readonly number[]
  readonly requireHttps?: boolean
  readonly disableLoopback?: boolean
  readonly maxUrlLength?: number
  /** By name, with their `${{ env.NAME }}` as they stand there: see fillHeader. */
  readonly headers: Readonly<Record<string, string>>
}

/** `store` of langgraph.json. */
export interface StoreConfig {
  readonly index?: {
    readonly fields?: readonly string[]
    /** Where the vectors come from; without it, a search by text looks for words. */
    readonly embed?: ModulePath
    /** Always there beside `embed`. */
    readonly dims?: number
  }
  readonly ttl?: { readonly defaultMinutes?: number; readonly refreshOnRead?: boolean; readonly sweepMinutes?: number }
}

/** `checkpointer.ttl` of langgraph.json. */
export interface ThreadTtlConfig {
  readonly strategy?: 'delete' | 'keep_latest'
  readonly defaultMinutes?: number
  readonly sweepMinutes?: number
}

type Nullable<T> = { readonly [K in keyof T]?: T[K] | null }

/** These parts of langgraph.json after checkKeys. */
export interface RawServices {
  readonly http?: Readonly<Record<`disable_${string}`, boolean | null>> | null
  readonly webhooks?: Nullable<{
    url: Nullable<{
      allowed_domains: readonly string[]
      allowed_ports: readonly number[]
      require_https: boolean
      disable_loopback: boolean
      max_url_length: number
    }>
    headers: Readonly<Record<string, string>>
    env_prefix: string
  }> | null
  readonly store?: Nullable<{
    index: Nullable<{ dims: number; embed: string; fields: readonly string[] }>
    ttl: Nullable<{ default_ttl: number; refresh_on_read: boolean; sweep_interval_minutes: number }>
  }> | null
  readonly checkpointer?: Nullable<{
    ttl: Nullable<{ strategy: 'delete' | 'keep_latest'; default_ttl: number; sweep_interval_minutes: number }>
  }> | null
}

export function webhooksOf({ http, webhooks }: RawServices): { found: WebhookConfig; warnings: readonly string[] } {
  const { allowed_domains, allowed_ports, require_https, disable_loopback, max_url_length } = webhooks?.url ?? {}
  const found = {
    disabled: http?.['disable_webhooks'] ?? false,
    ...given('allowedDomains', allowed_domains?.map(domainOf)),
    ...given('allowedPorts', allowed_ports),
    ...given('requireHttps', require_https),
    ...given('disableLoopback', disable_loopback),
    ...given('maxUrlLength', max_url_length),
    headers: webhooks?.headers ?? {},
  }
  const empty = 'webhooks.url.allowed_domains is empty, which LangGraph takes for every host.'
  return { found, warnings: allowed_domains?.length === 0 ? [empty] : [] }
}

export function storeOf({ store }: RawServices, root: string): { found: StoreConfig; warnings: readonly string[] } {
  const { index, ttl } = store ?? {}
  const embed = index?.embed ? parseModulePath(index.embed, root) : undefined
  const unusable =
    embed && (index?.embed && !isModule(index.embed) ? 'it names a provider, and no file' : whyNot(embed, root))
  const found = {
    ...(index && {
      index: {
        ...given('fields', index.fields),
        ...(embed && !unusable ? { embed, ...given('dims', index.dims) } : {}),
      },
    }),
    ...(ttl && {
      ttl: {
        ...given('defaultMinutes', ttl.default_ttl),
        ...given('refreshOnRead', ttl.refresh_on_read),
        ...given('sweepMinutes', ttl.sweep_interval_minutes),
      },
    }),
  }
  const warning = `store.index.embed is ignored by authkit dev: ${unusable}. Searches by text look for words.`
  return { found, warnings: unusable ? [warning] : [] }
}

export function threadTtlOf({ checkpointer }: RawServices): ThreadTtlConfig {
  const { strategy, default_ttl, sweep_interval_minutes } = checkpointer?.ttl ?? {}
  return {
    ...given('strategy', strategy),
    ...given('defaultMinutes', default_ttl),
    ...given('sweepMinutes', sweep_interval_minutes),
  }
}

/** Whether `store.index.embed` is a file, and not a model of a provider, such as `openai:text-embedding-3-small`. */
export function isModule(embed: string): boolean {
  return /^\.{0,2}[\\/]/.test(embed) || /\.[cm]?[jt]sx?(:|$)/.test(embed) || /\.py(:|$)/.test(embed)
}

/** A name of `allowed_domains` as URLs have it; empty where it is no name. */
export function domainOf(text: string): string {
  const [, star = '', name = ''] = /^(\*\.)?([^*/:@?#\s]+)$/.exec(text.trim()) ?? []
  const ascii = domainToASCII(name).replace(/\.$/, '')
  return ascii && star + ascii
}

function whyNot({ path }: ModulePath, root: string): string | undefined {
  return extname(path) === '.py' ? `${relativeTo(root, path)} is Python` : undefined
}

function given<K extends string, T>(key: K, value: T | null | undefined): { readonly [P in K]?: T } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T })
}
