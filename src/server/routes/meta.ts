import * as z from 'zod'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { ServerDeps } from '../context.js'
import { docsFile, docsPage } from '../docs-page.js'
import { openApi } from '../openapi.js'
import { type Route, route } from '../route.js'

/**
 * The routes that anyone may call. They stand in front of authentication, each under its exact path and no other, and
 * hold nothing of any user.
 */
export function metaRoutes({ version, runtime }: ServerDeps, guarded: readonly Route[]): Route[] {
  const open = { method: 'GET', group: 'meta', events: [] } as const
  let document: Record<string, unknown> | undefined

  const routes: Route[] = [
    route({
      ...open,
      path: '/ok',
      summary: 'Whether the server answers',
      query: z.object({ check_db: z.string().optional() }),
      answers: { 200: { description: 'It does.', schema: z.object({ ok: z.boolean() }) } },
      handle: ({ c }) => c.json({ ok: true }),
    }),
    route({
      ...open,
      path: '/info',
      summary: 'What the server is',
      answers: { 200: { description: 'Version and features.', schema: z.record(z.string(), z.unknown()) } },
      handle: ({ c }) =>
        c.json({
          version,
          context: 'js',
          server: 'authkit dev',
          flags: { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false },
          graphs: runtime.graphs.ids.length,
        }),
    }),
    route({
      ...open,
      path: '/.well-known/oauth-protected-resource',
      summary: 'Who issues the tokens for this server (RFC 9728)',
      answers: {
        200: { description: 'The authorization servers behind auth.ts.', schema: z.record(z.string(), z.unknown()) },
        404: { description: 'There are none.' },
      },
      handle({ c }) {
        const project = c.get('project')
        if (project.kind === 'broken') throw project.error
        const document = project.protectedResource?.(c.req.raw)
        if (!document) throw new AuthkitError('not_found', 'Not Found')
        return c.json(document)
      },
    }),
    route({
      ...open,
      path: '/openapi.json',
      summary: 'This API as OpenAPI 3.1',
      answers: { 200: { description: 'The document.', schema: z.record(z.string(), z.unknown()) } },
      handle({ c }) {
        document ??= openApi([...routes, ...guarded], version)
        return c.json(document)
      },
    }),
    route({
      ...open,
      path: '/docs',
      summary: 'This API as a page',
      answers: { 200: { description: 'HTML.' } },
      handle: ({ c }) => c.html(docsPage()),
    }),
    route({
      ...open,
      path: '/docs/{file}',
      summary: 'A file of that page',
      params: z.object({ file: z.string() }),
      answers: { 200: { description: 'A script or a style sheet.' }, 404: { description: 'No such file.' } },
      handle: ({ params }) => docsFile(params.file),
    }),
  ]
  return routes
}
