import { AuthkitError } from '../../errors/authkit-error.js'
import type { Probe } from '../probe.js'
import { type AnyConfig, type Examples, matchesRoute, type Parameters } from './config.js'
import type { Recorded, Recording } from './har.js'
import { type Operation, requestOf, type Specification } from './openapi.js'
import {
  type ApiRequest,
  createTemplates,
  describe,
  endsSomething,
  isSafe,
  keyOf,
  pathOf,
  type Templates,
} from './request.js'

/** What was recorded or described, made ready for a run. */
export interface Input {
  /** Requests of Alice that change nothing. */
  readonly alice: readonly ApiRequest[]
  /** Bob's own. */
  readonly bob: readonly ApiRequest[]
  /** Everything that Alice sent, in its order, to learn what she creates. */
  readonly written: { readonly alice: readonly ApiRequest[]; readonly bob: readonly ApiRequest[] }
  readonly specification: Specification | undefined
  readonly parameters: { readonly alice: Parameters; readonly bob: Parameters }
  readonly templates: Templates
  readonly config: AnyConfig
  readonly secrets: readonly string[]
  /** What was left out, one sentence for each reason. */
  readonly notes: readonly string[]
}

export interface InputOptions {
  readonly target: URL
  readonly config: AnyConfig
  readonly alice?: Recording | undefined
  readonly bob?: Recording | undefined
  readonly specification?: Specification | undefined
  readonly examples?: Examples | undefined
}

/** More requests of one route say nothing new. */
const PER_ROUTE = 5
/** Keys of the name that somebody goes by. */
const NAME = /"(?:user_?name|login|handle|nick(?:name)?)"\s*:\s*"([\w.-]{3,40})"/gi

/**
 * Brings recordings and specification together: the requests to the target, once each, with their ids found. Throws `usage`
 * when nothing is left.
 */
export function createInput(options: InputOptions): Input {
  const { target, config, specification, examples = {} } = options
  const left = new Map<string, number>()
  const leave = (why: string) => left.set(why, (left.get(why) ?? 0) + 1)
  const operations = specification?.operations ?? []
  const templates = createTemplates([...config.paths, ...operations.map(({ path }) => path)])
  const parameters = {
    alice: { ...config.parameters.alice, ...examples.alice },
    bob: { ...config.parameters.bob, ...examples.bob },
  }
  const base = config.recorded === undefined ? target : new URL(config.recorded)

  const ofActor = (recording: Recording | undefined, values: Parameters) => {
    for (const why of recording?.leftOut ?? []) leave(why)
    const recorded = (recording?.requests ?? []).flatMap((one) => {
      const probe = relative(one, base)
      if (!probe) leave('to other hosts')
      return probe ? [{ probe, answer: one.answer }] : []
    })
    const names = new Set(
      recorded.flatMap(({ answer }) => [...answer.body.matchAll(NAME)].map((match) => match[1] ?? '')),
    )
    const known = (probe: Probe, operation?: Operation, answer?: ApiRequest['answer']): ApiRequest => {
      const { route, places, template } = describe(probe, templates, names)
      const found = operation ?? operations.find(({ method, path }) => method === probe.method && path === template)
      return { probe, route, places, operation: found, answer }
    }
    const made = operations.flatMap((operation) => {
      const probe = requestOf(operation, values)
      if (typeof probe !== 'string') return [known(probe, operation)]
      if (operation.method === 'GET' || operation.method === 'HEAD') leave(`without ids (${probe})`)
      return []
    })
    return [...recorded.map(({ probe, answer }) => known(probe, undefined, answer)), ...made]
  }
  const written = { alice: ofActor(options.alice, parameters.alice), bob: ofActor(options.bob, parameters.bob) }
  const safe = (requests: readonly ApiRequest[]) => {
    const seen = new Set<string>()
    const routes = new Map<string, number>()
    return requests.filter(({ probe, route, answer }) => {
      const why = reasonToLeave(probe, answer, config)
      if (why !== undefined) {
        leave(why)
        return false
      }
      const key = keyOf(probe)
      if (seen.has(key)) return false
      seen.add(key)
      const count = (routes.get(route) ?? 0) + 1
      routes.set(route, count)
      if (count > PER_ROUTE) leave(`of a route that was tried ${PER_ROUTE} times`)
      return count <= PER_ROUTE
    })
  }
  const alice = safe(written.alice)
  const bob = safe(written.bob)
  const notes = [...left].map(([why, count]) => `${count} left out: ${why}`)
  if (alice.length === 0) throw nothingLeft(options, base, notes)
  const secrets = [...(options.alice?.secrets ?? []), ...(options.bob?.secrets ?? [])]
  return { alice, bob, written, specification, parameters, templates, config, secrets, notes }
}

function reasonToLeave(probe: Probe, answer: ApiRequest['answer'], config: AnyConfig): string | undefined {
  const path = pathOf(probe)
  if (matchesRoute(config.ignore, probe.method, path)) return 'ignored by the config'
  if (!isSafe(probe, (method, safePath) => matchesRoute(config.safe, method, safePath))) return 'may change something'
  if (endsSomething(probe)) return 'may end a session or delete something'
  const refused = answer !== undefined && answer.status !== 304 && (answer.status < 200 || answer.status >= 400)
  return refused ? 'failed when they were recorded' : undefined
}

/** The same request to the target, or nothing where it went elsewhere. */
function relative({ url, probe }: Recorded, base: URL): Probe | undefined {
  if (url.origin !== base.origin) return undefined
  const prefix = base.pathname.replace(/\/$/, '')
  if (prefix !== '' && probe.path !== prefix && !/^[/?]/.test(probe.path.slice(prefix.length))) return undefined
  if (!probe.path.startsWith(prefix)) return undefined
  const path = probe.path.slice(prefix.length)
  return { ...probe, path: path.startsWith('/') ? path : `/${path}` }
}

function nothingLeft({ alice, bob }: InputOptions, base: URL, notes: readonly string[]): AuthkitError {
  if (alice && alice.requests.length + alice.leftOut.length === 0) {
    return new AuthkitError('usage', 'The recording is empty.', {
      hint: 'Open the Network tab first, use the application as Alice, then save.',
    })
  }
  const origins = [...(alice?.requests ?? []), ...(bob?.requests ?? [])].map(({ url }) => url.origin)
  const [other] = origins
  if (other !== undefined && !origins.includes(base.origin)) {
    return new AuthkitError('usage', `The recording has no request to ${base.origin}.`, {
      hint: `It was made at ${other}: give that as --url, or as "recorded" in the config.`,
    })
  }
  return new AuthkitError('usage', 'No request is left that can be tried.', {
    hint: notes.length > 0 ? `${notes.slice(0, 3).join('; ')}.` : 'Record some, or give ids with --as.',
  })
}
