import { realpath, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/project/config.js'
import { applyEnv } from '../../src/project/env.js'
import { parseModulePath } from '../../src/project/module-path.js'
import { type TempProject, test } from './temp-project.js'

const AUTH = '"auth": { "path": "./auth.ts:auth" }'

describe('credentials for the pages of every origin', () => {
  const warningsOf = async (project: TempProject, cors: object) => {
    await project.write({ 'auth.ts': '', 'langgraph.json': `{ ${AUTH}, "http": { "cors": ${JSON.stringify(cors)} } }` })
    return (await readConfig(project.root)).warnings
  }

  test('are warned of', async ({ project }) => {
    const credentials = { allow_credentials: true }
    expect(await warningsOf(project, { ...credentials, allow_origins: ['https://a.example', '*'] })).toEqual([
      'http.cors.allow_credentials is ignored: http.cors.allow_origins lets the pages of every origin in. Name the origins.',
    ])
    expect(await warningsOf(project, { ...credentials, allow_origin_regex: 'https?://.*' })).toEqual([
      'http.cors.allow_credentials is ignored: http.cors.allow_origin_regex lets the pages of every origin in. Name the origins.',
    ])
    expect(await warningsOf(project, { ...credentials, allow_origins: ['https://a.example'] })).toEqual([])
    expect(await warningsOf(project, { ...credentials, allow_origin_regex: 'https://.*\\.a\\.example' })).toEqual([])
    expect(await warningsOf(project, { allow_origins: ['*'] })).toEqual([])
  })
})

describe('langgraph.json', () => {
  test('gives absolute paths and fills in defaults', async ({ project }) => {
    await project.write({
      'auth.ts': '',
      'langgraph.json': JSON.stringify({
        $schema: 'https://langgra.ph/schema.json',
        node_version: '22',
        graphs: {
          agent: './src/agent.ts:graph',
          plain: './src/plain.js',
          described: { path: './src/agent.ts:other', description: 'The other one' },
          bare: { path: './src/agent.ts:bare', description: null },
        },
        env: { A: '1' },
        auth: { path: './auth.ts:auth', disable_studio_auth: true },
        http: {
          disable_runs: true,
          disable_mcp: true,
          cors: { allow_origins: ['https://a.example'], max_age: 5, expose_headers: null },
        },
        store: null,
      }),
    })
    const path = (name: string) => join(project.root, name)
    expect(await readConfig(project.root)).toEqual({
      root: project.root,
      file: path('langgraph.json'),
      graphs: {
        agent: { path: path('src/agent.ts'), export: 'graph' },
        plain: { path: path('src/plain.js'), export: 'default' },
        described: { path: path('src/agent.ts'), export: 'other', description: 'The other one' },
        bare: { path: path('src/agent.ts'), export: 'bare' },
      },
      auth: { path: path('auth.ts'), export: 'auth', disableStudioAuth: true },
      env: { A: '1' },
      http: {
        cors: { allow_origins: ['https://a.example'], max_age: 5 },
        disable: { assistants: false, threads: false, runs: true, store: false, meta: false },
      },
      webhooks: { disabled: false, headers: {} },
      store: {},
      threadTtl: {},
      authkit: { unscopedGraphStore: false, issuer: { clients: [] }, login: {} },
      inputs: [path('langgraph.json')],
      warnings: [],
    })
  })

  test('may be absent: ./auth.ts:auth and .env', async ({ project }) => {
    await project.write({ 'auth.ts': '', '.env': 'A=1' })
    expect(await readConfig(project.root)).toEqual({
      root: project.root,
      file: undefined,
      graphs: {},
      auth: { path: project.path('auth.ts'), export: 'auth', disableStudioAuth: undefined },
      env: { A: '1' },
      http: { disable: { assistants: false, threads: false, runs: false, store: false, meta: false } },
      webhooks: { disabled: false, headers: {} },
      store: {},
      threadTtl: {},
      authkit: { unscopedGraphStore: false, issuer: { clients: [] }, login: {} },
      inputs: [project.path('langgraph.json'), project.path('.env')],
      warnings: [],
    })
  })

  for (const name of ['auth.mts', 'auth.js', 'auth.mjs']) {
    test(`absent: ./${name} is found too, and ./auth.ts is waited for`, async ({ project }) => {
      await project.write({ [name]: '' })
      const { auth, inputs } = await readConfig(project.root)
      expect(auth?.path).toBe(project.path(name))
      expect(inputs).toContain(project.path('auth.ts'))
    })
  }

  test('may lie elsewhere, by file or by folder; its folder is the root', async ({ project }) => {
    await project.write({
      'app/langgraph.json': `{ ${AUTH} }`,
      'app/auth.ts': '',
      'app/other.json': '{ "auth": { "path": "auth.ts" } }',
    })
    const byFolder = await readConfig(project.root, { configFile: 'app' })
    expect([byFolder.root, byFolder.auth?.export]).toEqual([project.path('app'), 'auth'])
    const byFile = await readConfig(project.root, { configFile: project.path('app/other.json') })
    expect([byFile.file, byFile.auth?.export]).toEqual([project.path('app/other.json'), 'default'])
  })

  test('in a linked folder: the root is the folder itself', async ({ project }) => {
    await project.write({ 'real/auth.ts': '' })
    await symlink(project.path('real'), project.path('link'))
    expect((await readConfig(project.path('link'))).root).toBe(await realpath(project.path('real')))
  })

  test('with comments and a byte order mark is read, and said not to be portable', async ({ project }) => {
    await project.write({ 'auth.ts': '', 'langgraph.json': `\uFEFF{ // ours\n ${AUTH}, }` })
    const { auth, warnings } = await readConfig(project.root)
    expect(auth?.export).toBe('auth')
    expect(warnings).toEqual([
      "langgraph.json has comments or trailing commas: LangGraph's own tools read plain JSON and refuse it.",
    ])
  })

  test('says what it ignores, and nothing about what would change nothing', async ({ project }) => {
    await project.write({
      'auth.ts': '',
      'langgraph.json': JSON.stringify({
        auth: { path: './auth.ts:auth', cache: {}, openapi: {} },
        http: {
          app: './app.ts:app',
          logging_headers: {},
          mount_prefix: '/api',
          middleware_order: 'auth_first',
        },
        graphs: { py: './agent.py:graph' },
        checkpointer: { backend: 'postgres', serde: {}, ttl: { sweep_limit: 10 } },
        encryption: {},
        ui: {},
        ui_config: {},
        python_version: '3.12',
        dependencies: ['.'],
        dockerfile_lines: [],
        image_distro: 'wolfi',
        keep_pkg_tools: true,
        env: 'missing.env',
      }),
    })
    const { warnings, graphs } = await readConfig(project.root)
    expect(graphs).toEqual({})
    expect(warnings.map((warning) => warning.split(/ is | does | names /)[0])).toEqual([
      'auth.cache',
      'http.app',
      'http.mount_prefix',
      'checkpointer.backend',
      'checkpointer.serde',
      'encryption',
      'ui',
      'env',
      'graphs.py',
    ])
  })

  const wrong: { config: string; message: string | RegExp }[] = [
    { config: '{ "auth": ', message: 'langgraph.json:1:11: Not valid JSON: Value expected.' },
    { config: '{\n  "env": ".env"\n  "graphs": {}\n}', message: 'langgraph.json:3:3: Not valid JSON: Comma expected.' },
    { config: '', message: 'langgraph.json:1:1: Not valid JSON: Value expected.' },
    { config: '[]', message: 'langgraph.json:1:1: The file must be an object, not an array.' },
    { config: 'null', message: 'langgraph.json:1:1: The file must be an object, not null.' },
    {
      config: '{\n  "auht": {}\n}',
      message: 'langgraph.json:2:3: auht is not a key that LangGraph knows. Did you mean "auth"?',
    },
    {
      config: '{ "auth": { "path": "./auth.ts:auth", "disableStudioAuth": true } }',
      message: /^langgraph\.json:1:39: auth\.disableStudioAuth is not a key .* Did you mean "disable_studio_auth"\?$/,
    },
    {
      config: '{ "http": { "cors": { "origins": ["*"] } } }',
      message:
        /^langgraph\.json:1:23: http\.cors\.origins is not a key .* Did you mean "allow_origins"\? Known keys: allow_origins, allow_methods/,
    },
    { config: '{ "http": { "disable_mpc": true } }', message: /http\.disable_mpc .* Did you mean "disable_mcp"\?$/ },
    { config: '{ "__proto__": {} }', message: /__proto__ is not a key that LangGraph knows/ },
    { config: '{ "constructor": {} }', message: /constructor is not a key that LangGraph knows/ },
    { config: '{ "auth": "./auth.ts:auth" }', message: 'langgraph.json:1:3: auth must be an object, not a string.' },
    {
      config: '{ "auth": { "path": 1 } }',
      message: 'langgraph.json:1:13: auth.path must be a path such as "./auth.ts:auth", not 1.',
    },
    { config: '{ "auth": { "path": " " } }', message: /auth\.path must be a path .*, not an empty string\.$/ },
    {
      config: '{ "auth": { "path": "./auth.ts:auth", "disable_studio_auth": "yes" } }',
      message: 'langgraph.json:1:39: auth.disable_studio_auth must be true or false, not a string.',
    },
    { config: '{ "auth": { "path": "./auth.py:auth" } }', message: 'auth.path names auth.py, which is Python.' },
    {
      config: '{ "env": ["A", "B"] }',
      message:
        'langgraph.json:1:3: env must be a path such as ".env", or an object of strings, not an array. Python projects may list names there; name the file with the values instead.',
    },
    {
      config: '{ "env": { "A": 1 } }',
      message: /^langgraph\.json:1:3: env must be a path .* or an object of strings, not an object\.$/,
    },
    {
      config: '{ "graphs": ["./a.ts:graph"] }',
      message: 'langgraph.json:1:3: graphs must be an object, not an array.',
    },
    {
      config: '{ "graphs": { "a": 1 } }',
      message: /^langgraph\.json:1:15: graphs\.a must be a path such as "\.\/agent\.ts:graph", or \{/,
    },
    {
      config: '{ "graphs": { "a": {} } }',
      message: 'langgraph.json:1:15: graphs.a needs a "path", such as "./agent.ts:graph".',
    },
    {
      config: '{ "graphs": { "a": { "path": "./a.ts", "descripton": "" } } }',
      message: /graphs\.a\.descripton is not a key .* Did you mean "description"\?/,
    },
    {
      config: '{ "http": { "cors": { "allow_origins": "*" } } }',
      message: 'langgraph.json:1:23: http.cors.allow_origins must be an array of strings, not a string.',
    },
    {
      config: '{ "http": { "cors": { "allow_origin_regex": "(" } } }',
      message: /http\.cors\.allow_origin_regex must be a regular expression, as a string, not a string\.$/,
    },
    {
      config: '{ "http": { "cors": { "max_age": -1 } } }',
      message: /http\.cors\.max_age must be a whole number of seconds, not -1\.$/,
    },
    {
      config: '{ "http": { "disable_store": 1 } }',
      message: 'langgraph.json:1:13: http.disable_store must be true or false, not 1.',
    },
    {
      config: '{ "node_version": 22 }',
      message: 'langgraph.json:1:3: node_version must be a string such as "22", not 22.',
    },
    { config: '{ "dependencies": "." }', message: /dependencies must be an array of strings/ },
    { config: '{ "env": "folder" }', message: 'folder cannot be read: it is a folder.' },
  ]
  for (const { config, message } of wrong) {
    test(`refuses ${JSON.stringify(config)}`, async ({ project }) => {
      await project.write({ 'langgraph.json': config, 'auth.ts': '', 'folder/file': '' })
      await expect(readConfig(project.root)).rejects.toMatchObject({
        code: 'config_invalid',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      })
    })
  }

  test('that is named must exist', async ({ project }) => {
    await project.write({ 'auth.ts': '' })
    await expect(readConfig(project.root, { configFile: 'other.json' })).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'There is no other.json.',
    })
  })

  test('names an auth file that must exist, and be a file', async ({ project }) => {
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./src:auth" } }', 'src/auth.ts': '' })
    await expect(readConfig(project.root)).rejects.toMatchObject({
      code: 'auth_file_not_found',
      message: 'auth.path names src, which does not exist.',
    })
    expect((await readConfig(project.root, { authRequired: false })).auth?.path).toBe(project.path('src'))
  })

  test('names no auth file: says how to name the one that is there', async ({ project }) => {
    await project.write({ 'langgraph.json': '{ "auth": { "disable_studio_auth": true } }' })
    await expect(readConfig(project.root)).rejects.toMatchObject({ code: 'auth_file_not_found', hint: /authkit init/ })
    await project.write({ 'auth.ts': '' })
    await expect(readConfig(project.root)).rejects.toMatchObject({
      hint: /^Add "auth": \{ "path": "\.\/auth\.ts:auth" \}/,
    })
  })

  test('in no folder', async ({ project }) => {
    await expect(readConfig(project.path('nowhere'))).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

test('.env may have quotes, comments, exports, several lines and a byte order mark', async ({ project }) => {
  await project.write({
    'auth.ts': '',
    '.env': `\uFEFFFIRST=1\n# comment\nexport EXPORTED=yes\nQUOTED=" a # b "\nBARE=a b # comment\nMANY='one\ntwo'\nEMPTY=\nSELF=$FIRST\r\n`,
  })
  expect((await readConfig(project.root)).env).toEqual({
    FIRST: '1',
    EXPORTED: 'yes',
    QUOTED: ' a # b ',
    BARE: 'a b',
    MANY: 'one\ntwo',
    EMPTY: '',
    SELF: '$FIRST',
  })
})

it.each([
  ['./auth.ts:auth', '/root/auth.ts', 'auth'],
  ['./auth.ts', '/root/auth.ts', 'default'],
  ['auth.ts:default', '/root/auth.ts', 'default'],
  ['.\\src\\auth.ts:auth', '/root/src/auth.ts', 'auth'],
  ['./a:b/auth.ts', '/root/a:b/auth.ts', 'default'],
  ['./größe.ts:größe', '/root/größe.ts', 'größe'],
  ['/elsewhere/auth.ts:$a_1', '/elsewhere/auth.ts', '$a_1'],
  ['C:\\project\\auth.ts:auth', '/root/C:/project/auth.ts', 'auth'],
  ['C:\\project\\auth.ts', '/root/C:/project/auth.ts', 'default'],
])('%s is %s, export %s', (text, path, name) => {
  expect(parseModulePath(text, '/root')).toEqual({ path, export: name })
})

describe('applying variables', () => {
  it('leaves alone what was there before, even empty', () => {
    const environment = { REAL: 'real', EMPTY: '' }
    const env = applyEnv(environment)
    env.update({ REAL: 'file', EMPTY: 'file', NEW: 'file' })
    expect(environment).toEqual({ REAL: 'real', EMPTY: '', NEW: 'file' })
    env.clear()
    expect(environment).toEqual({ REAL: 'real', EMPTY: '' })
  })

  it('leaves alone what someone else changed afterwards', () => {
    const environment: NodeJS.ProcessEnv = {}
    const env = applyEnv(environment)
    env.update({ A: '1', B: '1' })
    environment['A'] = 'theirs'
    env.update({ A: '2' })
    expect(environment).toEqual({ A: 'theirs' })
    env.clear()
    expect(environment).toEqual({ A: 'theirs' })
  })
})
