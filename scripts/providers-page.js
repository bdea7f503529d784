// docs/providers.md: what follows from the data of src/providers, and the hand-written fragment beside each file.
import { readFileSync } from 'node:fs'
import { callbacksOf } from '../src/providers/callbacks.ts'
import { PROVIDERS } from '../src/providers/index.ts'

/** The parts that a fragment has, in this order. */
export const FRAGMENT_PARTS = ['Register', 'auth.ts', 'Not confirmed']

/** The text of docs/providers.md. */
export function providersPage() {
  const latest = PROVIDERS.map(({ checked }) => checked).sort()[0]
  return `${[
    '# Providers',
    `What authkit knows about each identity provider: what to register there, how \`authkit login\` signs in, what auth.ts says, and what goes wrong. The facts were held against the vendors' documents in ${latest} or later; what could not be confirmed says so. Any of them can change: \`authkit doctor\` looks at your own set-up.`,
    overview(),
    '`authkit login` sends a PKCE challenge with S256 wherever the table says so, and checks `state`, `nonce` and `iss` everywhere. A client secret comes from `AUTHKIT_CLIENT_SECRET` or a prompt, never from a flag. Ports that have to be registered are tried in turn, so one that is busy does no harm.',
    ...PROVIDERS.map(section),
  ].join('\n\n')}\n`
}

/** The hand-written parts of a provider, by heading. */
export function fragmentOf(name) {
  const text = readFileSync(new URL(`../src/providers/${name}.md`, import.meta.url), 'utf8')
  const parts = text.split(/^## (.+)$/m).slice(1)
  return new Map(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1].trim()]] : [])))
}

function overview() {
  const rows = PROVIDERS.map((provider) => [
    `[${provider.title}](#${anchor(provider.title)})`,
    code(provider.name),
    provider.oidc ? 'OpenID Connect' : 'OAuth 2.0',
    provider.pkce ? 'S256' : 'no',
    { 'any-flow': 'no', 'device-flow': 'in the browser', none: 'yes' }[provider.publicClients],
    { jwt: 'verifies it', opaque: 'asks the provider' }[provider.accessTokens],
  ])
  return table(['provider', 'name', 'sign-in', 'PKCE', 'needs a secret', 'a service that gets a token'], rows)
}

function section(provider) {
  const fragment = fragmentOf(provider.name)
  return [
    `## ${provider.title}`,
    `\`${provider.name}\`, as of ${provider.checked}. ${provider.oidc ? 'OpenID Connect' : 'Plain OAuth 2.0: no discovery, no ID token'}. [The vendor's documents](${provider.docs}).`,
    '### What to register',
    fragment.get('Register'),
    callbacks(provider),
    '### Sign in',
    fenced('sh', command(provider)),
    ...secret(provider),
    facts(provider),
    '### In auth.ts',
    ...(fragment.get('auth.ts').startsWith('```ts') ? [] : [fenced('ts', authTs(provider))]),
    fragment.get('auth.ts'),
    '### What goes wrong',
    list(provider.pitfalls),
    ...(provider.errors === undefined ? [] : [errorTable(provider.errors)]),
    ...(fragment.get('Not confirmed') === '- Nothing.' ? [] : ['### Not confirmed', fragment.get('Not confirmed')]),
  ].join('\n\n')
}

function callbacks(provider) {
  const urls = callbacksOf(provider)
  if (provider.clientId !== undefined) return 'It takes any port on this machine.'
  if (provider.loopback.rule === 'none') return 'There is no callback on this machine.'
  const rule = {
    'any-port': 'Callback, used with any port:',
    'fixed-ports': urls.length > 1 ? 'Callbacks, compared exactly:' : 'Callback, compared exactly:',
  }[provider.loopback.rule]
  return `${rule}\n\n${fenced('', urls.join('\n'))}`
}

/** The command line, with a placeholder for what only the reader knows. */
function command(provider) {
  if (provider.loopback.rule === 'none' && provider.endpoints?.device === undefined) {
    return 'npx authkit whoami'
  }
  const named = provider.issuer === undefined && provider.issuerExample !== undefined
  const parts = [
    'npx authkit login',
    named ? `--issuer ${provider.issuerExample}` : `--provider ${provider.name}`,
    provider.clientId === undefined ? '--client-id CLIENT_ID' : '',
    provider.audienceParam === undefined ? '' : `--audience ${AUDIENCE}`,
  ]
  if (provider.name === 'local') return 'npx authkit login'
  return parts.filter((part) => part !== '').join(' ')
}

/** Nothing secret is ever part of a command line: that would be in the history of the shell. */
function secret({ publicClients, loopback }) {
  if (loopback.rule === 'none') return ['The token is in `AUTHKIT_TOKEN`.']
  const asked = 'It asks for the client secret, unless `AUTHKIT_CLIENT_SECRET` holds it.'
  return { 'any-flow': [], 'device-flow': [`${asked} With \`--device\` it needs none.`], none: [asked] }[publicClients]
}

/** How long a line of code may be. */
const LINE = 100

const AUDIENCE = 'https://api.example.com'

function facts(provider) {
  const { scopes, refresh, audienceParam, endpoints = {} } = provider
  const asked = [...scopes.login, ...(scopes.offline === undefined ? [] : [scopes.offline])]
  const how = scopes.offline === undefined ? 'without asking' : `with ${code(scopes.offline)}`
  const lines = [
    ['issuer', issuerOf(provider)],
    ['scopes', asked.length === 0 ? 'none' : asked.map(code).join(', ')],
    ['refresh token', `${how}, ${refresh.rotates ? 'a new one with each use' : 'the same one again'}`],
    [
      'audience',
      audienceParam === undefined ? 'set at the provider' : `\`--audience\`, sent as ${code(audienceParam)}`,
    ],
    ['device sign-in', deviceFlow(provider)],
    ...Object.entries(endpoints).map(([name, url]) => [`${name} endpoint`, url]),
  ]
  return list(lines.map(([name, value]) => `${name}: ${value}`))
}

function issuerOf({ issuer, issuerExample }) {
  if (issuer !== undefined) return code(issuer)
  return issuerExample === undefined ? 'none' : `yours, such as ${code(issuerExample)}`
}

function deviceFlow({ oidc, endpoints }) {
  if (endpoints?.device !== undefined) return '`--device`'
  return oidc ? '`--device`, where the discovery document has it' : 'no'
}

function authTs({ name, accessTokens, issuer, issuerExample }) {
  if (name === 'local') return authenticate('oidc', 'oidc()')
  if (name === 'github') {
    const lines = [
      `provider: 'github',`,
      `clientId: process.env['GITHUB_CLIENT_ID'],`,
      `clientSecret: process.env['GITHUB_CLIENT_SECRET'],`,
    ]
    return authenticate('userinfo', `userinfo({\n${lines.map((line) => `    ${line}`).join('\n')}\n  })`)
  }
  if (accessTokens === 'opaque') {
    return authenticate('userinfo', `userinfo({ provider: '${name}', dangerouslyAcceptAnyClient: true })`)
  }
  return authenticate('oidc', `oidc({ issuer: '${issuer ?? issuerExample}', audience: '${AUDIENCE}' })`)
}

function authenticate(imported, call) {
  const line = `export const auth = new Auth().authenticate(${call})`
  const wrapped = line.length <= LINE ? line : `export const auth = new Auth().authenticate(\n  ${call},\n)`
  return [`import { Auth, ${imported} } from 'authkit'`, '', wrapped].join('\n')
}

function errorTable(errors) {
  const rows = Object.entries(errors).map(([error, { message, hint }]) => [code(error), message, hint])
  return table(['error', 'means', 'what to do'], rows)
}

const anchor = (title) => title.toLowerCase().replaceAll(' ', '-')
const code = (text) => `\`${text}\``
const fenced = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``
const list = (lines) => lines.map((line) => `- ${line}`).join('\n')
const row = (cells) => `| ${cells.join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
