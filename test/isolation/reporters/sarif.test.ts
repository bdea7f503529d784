import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'
import { sarifReport } from '../../../src/isolation/reporters/sarif.js'
import { eventsOf, evidence, hostileEvents, mixedEvents } from '../support/events.js'

const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
addFormats.default(ajv)
// It is draft 4, whose name ajv does not know any more; it uses nothing that has changed since.
const {
  $schema: _,
  id: __,
  ...schema
} = JSON.parse(readFileSync('test/isolation/support/schemas/sarif-2.1.0.json', 'utf8'))
const validate = ajv.compile(schema)

const options = { version: '1.2.3', authFile: './src/my auth.ts' }
// biome-ignore lint/suspicious/noExplicitAny: the schema says what is in it
const written = (events = mixedEvents()): any => JSON.parse(JSON.stringify(sarifReport(events, options)))

it.each([
  ['everything in it', mixedEvents()],
  ['hostile texts', hostileEvents()],
  ['no result', eventsOf([])],
])('is valid for a run with %s', (_, events) => {
  validate(written(events))
  expect(validate.errors).toBeNull()
})

it('is held to a schema that refuses', () => {
  const log = written()
  delete log.runs[0].tool.driver.name
  log.runs[0].results[0].level = 'terrible'
  expect(validate(log)).toBe(false)
  expect(validate.errors?.map(({ instancePath }) => instancePath)).toEqual(
    expect.arrayContaining(['/runs/0/tool/driver', '/runs/0/results/0/level']),
  )
})

it('has a rule a check, with help, weaknesses and a figure for its severity', () => {
  const { rules } = written().runs[0].tool.driver
  const rule = rules.find(({ id }: { id: string }) => id === 'thread.read')
  expect(rule).toMatchObject({
    name: 'ThreadRead',
    shortDescription: { text: "Bob can't read Alice's thread." },
    helpUri: 'https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/',
    defaultConfiguration: { level: 'error' },
    properties: { 'security-severity': '8.0', tags: expect.arrayContaining(['security', 'external/cwe/cwe-639']) },
  })
  expect(rule.help.markdown).toContain('## How to fix it')
  expect(rules.find(({ id }: { id: string }) => id === 'thread.delete').properties['security-severity']).toBe('9.5')
})

it('has a result a leak, in the file of the rules, with a fingerprint that stays', () => {
  const { results } = written().runs[0]
  expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
    'thread.delete',
    'thread.read',
    'thread.search',
  ])
  expect(results[1]).toMatchObject({
    level: 'error',
    message: { text: expect.stringContaining('Saw thread.metadata at metadata.secret') },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: 'src/my%20auth.ts' }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: 'GET /threads/{id}' }],
      },
    ],
    partialFingerprints: { 'authkitIsolation/v1': expect.stringMatching(/^[0-9a-f]{16}$/) },
  })
  expect(results[1].suppressions).toBeUndefined()
})

it('suppresses a known leak with its reason', () => {
  const [suppressed] = written().runs[0].results.at(-1).suppressions
  expect(suppressed).toMatchObject({ status: 'accepted', justification: expect.stringContaining('team search') })
})

it('names no file where there is none', () => {
  const log = JSON.stringify(sarifReport(mixedEvents(), { version: '1.2.3' }))
  expect(log).not.toContain('physicalLocation')
})

it('tells what was not decided, and a server that looks at no token', () => {
  const { toolExecutionNotifications } = written().runs[0].invocations[0]
  expect(toolExecutionNotifications[0].message.text).toContain('denied by a crash')
  const stop = { id: 'boundary.no-token', message: 'No token.', advice: 'Add one.', evidence: [evidence()] }
  const [run] = written(eventsOf([], { stop })).runs
  expect(run.results).toMatchObject([{ ruleId: 'boundary.no-token', level: 'error' }])
  expect(run.invocations[0].executionSuccessful).toBe(false)
})
