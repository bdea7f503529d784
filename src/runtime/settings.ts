import type { Ttl } from '../storage/storage.js'

/** What langgraph.json says about runs and what they keep. It is asked for when it is needed, so an edit applies at once. */
export interface RuntimeSettings {
  readonly webhooks: WebhookSettings
  readonly store: StoreSettings
  /** How long threads live that nobody touches; for ever where nothing is said. */
  readonly threadTtl?: Ttl
  /** How long a run may take, in milliseconds. */
  readonly runTimeoutMs: number
  /** How often what is over its time is deleted, in milliseconds. */
  readonly sweepMs: number
}

/** Where webhooks may go. Without any of this: http and https, to hosts that are not this machine. */
export interface WebhookSettings {
  readonly disabled: boolean
  /** Host names; `*.example.com` is every name under it. Any host where nothing is said. */
  readonly allowedDomains?: readonly string[]
  readonly allowedPorts?: readonly number[]
  readonly requireHttps: boolean
  /** Whether addresses of this machine are refused. */
  readonly disableLoopback: boolean
  readonly maxUrlLength: number
  /** Sent with every webhook, with the variables of the environment filled in. */
  readonly headers: Readonly<Record<string, string>>
}

export interface StoreSettings {
  readonly index?: StoreIndex
  readonly ttl?: { readonly defaultMinutes?: number; readonly refreshOnRead: boolean }
  /** Lets graphs reach the whole store, as LangGraph's servers do; the rules of auth.ts hold for them otherwise. */
  readonly unscopedInGraphs: boolean
}

/** What searches by text look at. */
export interface StoreIndex {
  /** Paths into a value, such as `title`, `meta.tags[*]`, or `$` for all of it. */
  readonly fields: readonly string[]
  readonly embedding?: {
    /** How many numbers each vector has. */
    readonly dims: number
    embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>
  }
}

/** An hour, as on LangGraph Platform. */
const RUN_TIMEOUT_MS = 3_600_000

/** LangGraph Platform's five minutes. */
const SWEEP_MS = 300_000

/** The settings of a project that says nothing. */
export const DEFAULT_SETTINGS: RuntimeSettings = {
  webhooks: { disabled: false, requireHttps: false, disableLoopback: true, maxUrlLength: 65_536, headers: {} },
  store: { unscopedInGraphs: false },
  runTimeoutMs: RUN_TIMEOUT_MS,
  sweepMs: SWEEP_MS,
}
