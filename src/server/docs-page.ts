import { readFile } from 'node:fs/promises'
import { AuthkitError } from '../errors/authkit-error.js'

const TYPES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'start.js': 'text/javascript; charset=utf-8',
}

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: false })`

/** The API's documentation as a page. Everything it needs comes from this server, so it works offline. */
export function docsPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>authkit dev: API</title>
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" href="data:,">
</head>
<body>
  <noscript>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> says the same without.</noscript>
  <main id="docs"></main>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>`
}

/** @throws AuthkitError `not_found` for any name that is not in the list. */
export async function docsFile(name: string): Promise<Response> {
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
  if (!type) throw new AuthkitError('not_found', 'Not Found')
  const headers = { 'content-type': type }
  if (name === 'start.js') return new Response(START, { headers })
  return new Response(await readFile(new URL(`docs-ui/${name}`, assets()), 'utf8'), { headers })
}

/** Where the build put them: beside the bundle, or in dist/ when the source itself runs. */
function assets(): URL {
  const here = new URL('.', import.meta.url)
  return here.pathname.includes('/dist/')
    ? new URL(here.pathname.replace(/\/dist\/.*$/, '/dist/'), here)
    : new URL('../../dist/', here)
}
