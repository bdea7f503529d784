import type { MiddlewareHandler } from 'hono'
import type { RouteGroup, ServerEnv } from '../context.js'

const GROUP_OF: Readonly<Record<string, RouteGroup>> = {
  assistants: 'assistants',
  threads: 'threads',
  runs: 'runs',
  store: 'store',
  info: 'meta',
  docs: 'meta',
  'openapi.json': 'meta',
}

/** Takes away those of the named groups that langgraph.json disables: what is disabled is as unknown as any other path. */
export function groupSwitch(...groups: readonly RouteGroup[]): MiddlewareHandler<ServerEnv> {
  return async function group(c, next) {
    const project = c.get('project')
    const disabled = project.kind === 'ready' ? project.http.disable : undefined
    if (disabled) {
      const [, first = '', , third = ''] = c.req.path.split('/')
      const name = first === 'threads' && third === 'runs' ? 'runs' : GROUP_OF[first]
      if (name && groups.includes(name) && disabled[name]) return c.notFound()
    }
    return next()
  }
}
