import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/project/config.js'
import { fillHeader } from '../../src/project/webhook-headers.js'
import { type TempProject, test } from './temp-project.js'

async function read(project: TempProject, config: object) {
  const json = JSON.stringify({ auth: { path: './auth.ts:auth' }, env: {}, ...config })
  await project.write({ 'auth.ts': '', 'langgraph.json': json })
  return await readConfig(project.root)
}

describe('langgraph.json about webhooks', () => {
  test('gives the policy and the headers', async ({ project }) => {
    const headers = { authorization: `Bearer \${{ env.LG_WEBHOOK_KEY }}`, 'x-plain': 'yes' }
    const { webhooks, warnings } = await read(project, {
      http: { disable_webhooks: true },
      webhooks: {
        url: {
          allowed_domains: ['Hooks.Example.com', '*.größe.example', '10.0.0.1'],
          allowed_ports: [443, 8443],
          require_https: true,
          disable_loopback: false,
          max_url_length: 2000,
        },
        headers,
      },
    })
    expect(webhooks).toEqual({
      disabled: true,
      allowedDomains: ['hooks.example.com', '*.xn--gre-6ka8i.example', '10.0.0.1'],
      allowedPorts: [443, 8443],
      requireHttps: true,
      disableLoopback: false,
      maxUrlLength: 2000,
      headers,
    })
    expect(warnings).toEqual([])
  })

  test('says that an empty list of domains is no list', async ({ project }) => {
    const { warnings } = await read(project, { webhooks: { url: { allowed_domains: [] } } })
    expect(warnings).toEqual(['webhooks.url.allowed_domains is empty, which LangGraph takes for every host.'])
  })

  test('with nulls says nothing', async ({ project }) => {
    const url = { allowed_domains: null, allowed_ports: null, require_https: null, disable_loopback: null }
    for (const webhooks of [null, {}, { url: null, headers: null, env_prefix: null }, { url }]) {
      expect((await read(project, { webhooks })).webhooks).toEqual({ disabled: false, headers: {} })
    }
  })

  test('may name variables of another prefix', async ({ project }) => {
    const headers = { 'x-key': `\${{env.HOOK_KEY}}` }
    expect((await read(project, { webhooks: { headers, env_prefix: 'HOOK_' } })).webhooks.headers).toEqual(headers)
  })
})

describe('langgraph.json about the store and threads', () => {
  test('gives the index, the times, and who may reach it all', async ({ project }) => {
    const { store, threadTtl, authkit, warnings } = await read(project, {
      store: {
        index: { dims: 3, embed: './src/embed.ts:embed', fields: ['title', '$'] },
        ttl: { default_ttl: 1.5, refresh_on_read: false, sweep_interval_minutes: 2 },
      },
      checkpointer: { ttl: { strategy: 'keep_latest', default_ttl: 60, sweep_interval_minutes: 1, sweep_limit: 100 } },
      authkit: { unscoped_graph_store: true },
    })
    expect({ store, threadTtl, authkit, warnings }).toEqual({
      store: {
        index: { dims: 3, embed: { path: project.path('src/embed.ts'), export: 'embed' }, fields: ['title', '$'] },
        ttl: { defaultMinutes: 1.5, refreshOnRead: false, sweepMinutes: 2 },
      },
      threadTtl: { strategy: 'keep_latest', defaultMinutes: 60, sweepMinutes: 1 },
      authkit: { unscopedGraphStore: true, issuer: { clients: [] }, login: {} },
      warnings: [],
    })
  })

  test.for<[string, object, object]>([
    ['nothing', { store: {}, checkpointer: {}, authkit: {} }, {}],
    ['nulls', { store: { index: null, ttl: null }, checkpointer: { ttl: null }, authkit: null }, {}],
    ['an index of words', { store: { index: {} } }, { index: {} }],
    ['fields alone', { store: { index: { fields: ['a'], embed: null, dims: null } } }, { index: { fields: ['a'] } }],
    ['times without values', { store: { ttl: { default_ttl: null } } }, { ttl: {} }],
  ])('may say %s', async ([, config, expected], { project }) => {
    const { store, threadTtl, authkit, warnings } = await read(project, config)
    expect({ store, threadTtl, authkit, warnings }).toEqual({
      store: expected,
      threadTtl: {},
      authkit: { unscopedGraphStore: false, issuer: { clients: [] }, login: {} },
      warnings: [],
    })
  })

  test.for([
    ['openai:text-embedding-3-small', 'it names a provider, and no file'],
    ['text-embedding-3-small', 'it names a provider, and no file'],
    ['./embed.py:embed', 'embed.py is Python'],
  ] as const)('searches for words where embed is %s', async ([embed, why], { project }) => {
    const { store, warnings } = await read(project, { store: { index: { dims: 2, embed, fields: ['a'] } } })
    expect(store).toEqual({ index: { fields: ['a'] } })
    expect(warnings).toEqual([`store.index.embed is ignored by authkit dev: ${why}. Searches by text look for words.`])
  })

  test.for(['embed.ts:embed', './embed', '/abs/embed.mjs', '.\\src\\embed.js:x', 'src/embed.cts'])(
    '%s is a file to embed with',
    async (embed, { project }) => {
      const { store, warnings } = await read(project, { store: { index: { dims: 2, embed } } })
      expect(store.index?.embed?.path).toMatch(/embed/)
      expect(warnings).toEqual([])
    },
  )
})

test('langgraph.json about headers gives globs', async ({ project }) => {
  const { http } = await read(project, { http: { configurable_headers: { includes: ['x-*'], excludes: null } } })
  expect(http.configurableHeaders).toEqual({ includes: ['x-*'] })
})

describe('langgraph.json is refused', () => {
  test.for<[string, RegExp]>([
    ['"webhooks": { "urls": {} }', /:1:17: webhooks\.urls is not a key .* Did you mean "url"\?/],
    [
      '"webhooks": { "url": { "allowed_domain": [] } }',
      /webhooks\.url\.allowed_domain .* Did you mean "allowed_domains"\?/,
    ],
    ['"webhooks": { "url": { "allowed_domains": "a.example" } }', /allowed_domains must be an array of host names/],
    ['"webhooks": { "url": { "allowed_domains": ["https://a.example"] } }', /allowed_domains must be an array of host/],
    ['"webhooks": { "url": { "allowed_domains": ["a.*.example"] } }', /allowed_domains must be an array of host names/],
    ['"webhooks": { "url": { "allowed_domains": ["*"] } }', /allowed_domains must be an array of host names/],
    ['"webhooks": { "url": { "allowed_domains": [""] } }', /allowed_domains must be an array of host names/],
    ['"webhooks": { "url": { "allowed_ports": ["443"] } }', /allowed_ports must be an array of port numbers/],
    ['"webhooks": { "url": { "allowed_ports": [0] } }', /allowed_ports must be an array of port numbers/],
    ['"webhooks": { "url": { "require_https": "yes" } }', /require_https must be true or false, not a string/],
    ['"webhooks": { "url": { "max_url_length": 0 } }', /max_url_length must be a whole number above 0, not 0/],
    ['"webhooks": { "headers": { "x": 1 } }', /webhooks\.headers must be an object of strings/],
    ['"webhooks": { "headers": { "a b": "" } }', /:1:30: webhooks\.headers\.a b is no name of a header/],
    ['"webhooks": { "headers": { "Host": "x" } }', /webhooks\.headers\.Host is set by authkit/],
    ['"webhooks": { "headers": { "x": "a\\r\\nb: c" } }', /webhooks\.headers\.x must be one line/],
    [
      `"webhooks": { "headers": { "x": "\${{ env.AWS_SECRET }}" } }`,
      /AWS_SECRET, and only variables that begin with LG_WEBHOOK_/,
    ],
    [`"webhooks": { "headers": { "x": "\${{ env.LG_WEBHOOK_A }}" }, "env_prefix": "HOOK_" }`, /begin with HOOK_/],
    [`"webhooks": { "headers": { "x": "\${{ secrets.hunter2 }}" } }`, /no other expression/],
    [`"webhooks": { "headers": { "x": "\${{ }}" } }`, /no other expression/],
    ['"webhooks": { "env_prefix": "" }', /env_prefix must be the beginning of a name/],
    ['"store": []', /store must be an object, not an array/],
    ['"store": { "indx": {} }', /store\.indx is not a key .* Did you mean "index"\?/],
    ['"store": { "index": { "dims": 1.5 } }', /store\.index\.dims must be a whole number above 0/],
    ['"store": { "index": { "embed": "./embed.ts:embed" } }', /:1:14: store\.index needs "dims"/],
    ['"store": { "index": { "fields": "title" } }', /store\.index\.fields must be an array of strings/],
    ['"store": { "ttl": { "default_ttl": 0 } }', /store\.ttl\.default_ttl must be a number of minutes above 0, not 0/],
    ['"store": { "ttl": { "default_ttl": "5" } }', /store\.ttl\.default_ttl must be a number of minutes/],
    ['"store": { "ttl": { "refresh_on_read": 1 } }', /store\.ttl\.refresh_on_read must be true or false/],
    ['"checkpointer": { "ttl": { "strategy": "drop" } }', /strategy must be "delete" or "keep_latest", not a string/],
    ['"checkpointer": { "ttl": { "default_ttl": -1 } }', /checkpointer\.ttl\.default_ttl must be a number of minutes/],
    [
      '"http": { "configurable_headers": { "include": [] } }',
      /configurable_headers\.include .* Did you mean "includes"\?/,
    ],
    ['"http": { "configurable_headers": { "includes": "x-*" } }', /includes must be an array of strings/],
    [
      '"authkit": { "unscoped_store": true }',
      /authkit\.unscoped_store is not a key that authkit knows\. Did you mean "unscoped_graph_store"\?/,
    ],
    ['"authkit": { "unscoped_graph_store": "yes" }', /unscoped_graph_store must be true or false/],
  ])('with %s', async ([config, message], { project }) => {
    await project.write({ 'langgraph.json': `{ ${config} }`, 'auth.ts': '' })
    const refused = readConfig(project.root)
    await expect(refused).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^langgraph\.json:1:\d+: /),
    })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow(/hunter2/)
  })
})

describe('a header with variables', () => {
  const environment = { LG_WEBHOOK_A: 'a', LG_WEBHOOK_B: 'b$&', LG_WEBHOOK_EMPTY: '', LG_WEBHOOK_LINES: 'a\nb' }
  it.each([
    ['plain', { text: 'plain' }],
    [`\${{ env.LG_WEBHOOK_A }}`, { text: 'a' }],
    [`Bearer \${{env.LG_WEBHOOK_A}}/\${{  env.LG_WEBHOOK_B  }}!`, { text: 'Bearer a/b$&!' }],
    [`$LG_WEBHOOK_A \${LG_WEBHOOK_A}`, { text: `$LG_WEBHOOK_A \${LG_WEBHOOK_A}` }],
    [`\${{ env.LG_WEBHOOK_C }}`, { missing: ['LG_WEBHOOK_C'] }],
    [`\${{ env.LG_WEBHOOK_EMPTY }}`, { missing: ['LG_WEBHOOK_EMPTY'] }],
    [`\${{ env.LG_WEBHOOK_LINES }}`, { missing: ['LG_WEBHOOK_LINES'] }],
  ])('%s', (template, expected) => {
    expect(fillHeader(template, environment)).toEqual(expected)
  })
})
