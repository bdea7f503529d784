import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCredentials } from '../../src/isolation/actor.js'
import { createSecrets, newCanary } from '../../src/isolation/canary.js'
import { curlLine } from '../../src/isolation/curl.js'
import type { Evidence } from '../../src/isolation/evidence.js'
import { createLedger, LedgerViolation } from '../../src/isolation/ledger/ledger.js'
import type { Exchange, Probe } from '../../src/isolation/probe.js'
import { createRedact, redactDeep } from '../../src/isolation/redact.js'
import { type Control, judge, type Verdict, worst } from '../../src/isolation/verdict.js'

const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(2, '0')

/** What a server may do to a text before it sends it. */
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  json: (text) => JSON.stringify({ a: [text] }),
  jsonEscapes: (text) => [...text].map((one) => `\\u00${hex(one)}`).join(''),
  percent: (text) => [...text].map((one) => `%${hex(one)}`).join(''),
  form: (text) => encodeURIComponent(text),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => `"${Buffer.from(text).toString('base64url')}"`,
  prefixed: (text) => `v1_${Buffer.from(text).toString('base64url')}`,
  capitals: (text) => text.toUpperCase(),
}

/** Capitals would break base64, so they come first or not at all. */
const wrappings = fc
  .array(fc.constantFrom(...Object.keys(ENCODINGS).filter((name) => name !== 'capitals')), { maxLength: 3 })
  .chain((names) => fc.boolean().map((capitals) => (capitals ? ['capitals', ...names] : names)))

const ascii = fc.string({ maxLength: 40 })

describe('the search for canaries', () => {
  it('finds one in any encoding, three deep, wherever it stands', () => {
    fc.assert(
      fc.property(wrappings, ascii, ascii, (names, before, after) => {
        const secrets = createSecrets()
        const value = newCanary()
        secrets.plant({ value, slot: 'slot', owner: 'alice', hard: true })
        const text = names.reduce((inner, name) => (ENCODINGS[name] as (text: string) => string)(inner), `${value}`)
        // What stands around it is separated, as everything is that people write: a letter more is another word.
        expect(secrets.foreign('bob', [`${before} ${text} ${after}`], [])).toMatchObject([{ value }])
      }),
      { numRuns: 300 },
    )
  })

  it('finds nothing in what is not there', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), wrappings, (noise, names) => {
        const secrets = createSecrets()
        secrets.plant({ value: newCanary(), slot: 'slot', owner: 'alice', hard: true })
        const text = names.reduce((inner, name) => (ENCODINGS[name] as (text: string) => string)(inner), newCanary())
        expect(secrets.foreign('bob', [noise, text], [])).toEqual([])
      }),
    )
  })

  it('counts nothing that was sent, however either side wrote it, and everything else', () => {
    fc.assert(
      fc.property(wrappings, wrappings, fc.boolean(), (sentAs, receivedAs, hard) => {
        const secrets = createSecrets()
        const [echoed, other] = [newCanary(), newCanary()]
        for (const value of [echoed, other]) secrets.plant({ value, slot: 'slot', owner: 'alice', hard })
        const write = (value: string, names: readonly string[]) =>
          names.reduce((inner, name) => (ENCODINGS[name] as (text: string) => string)(inner), value)
        const received = [write(echoed, receivedAs), write(other, receivedAs)]
        const found = secrets.foreign('bob', received, [write(echoed, sentAs)])
        expect(found.map(({ value }) => value)).toEqual([other])
      }),
    )
  })
})

/** Anything that may stand in a header, shells' and patterns' characters first. */
const token = fc.string({
  unit: fc.oneof(fc.constantFrom(...'$&`\'"\\.*+?^()[]{}|/!;%~#<>=@,-_'), fc.constantFrom(...'abcXYZ019')),
  minLength: 12,
  maxLength: 40,
})
const twoTokens = fc.uniqueArray(token, { minLength: 2, maxLength: 2 })

describe('redaction', () => {
  it('leaves no token in any text, however the server wrote it', () => {
    const around = fc.string({ maxLength: 20 })
    fc.assert(
      fc.property(twoTokens, around, around, ([alice = '', bob = ''], before, after) => {
        const credentials = createCredentials({
          tokens: { alice: `Bearer ${alice}`, bob: `Bearer ${bob}` },
          junk: 'junk',
        })
        const redact = createRedact(credentials)
        for (const secret of [alice, bob]) {
          for (const written of [
            secret,
            encodeURIComponent(secret),
            JSON.stringify(secret).slice(1, -1),
            Buffer.from(secret).toString('base64'),
          ]) {
            const clean = redactDeep({ text: [before + written + after], [written]: 1 }, redact)
            const values = [...Object.keys(clean), ...[clean.text].flat()].join('\n')
            expect(values).not.toContain(written)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves none in a curl line, which names it by its variable', () => {
    fc.assert(
      fc.property(twoTokens, ([alice = '', bob = '']) => {
        const credentials = createCredentials({
          tokens: { alice: `Bearer ${alice}`, bob: `Bearer ${bob}` },
          junk: 'junk',
        })
        const target = new URL('http://127.0.0.1:1')
        const probe: Probe = { method: 'GET', path: '/', disguise: { headers: { 'x-a': '{alice:reversed} {alice}' } } }
        const line = curlLine({ target, credentials, actor: 'bob', probe })
        expect(line).not.toContain(alice)
        expect(line).not.toContain(bob)
        expect(line).toContain('Bearer $BOB')
      }),
    )
  })
})

const exchange: fc.Arbitrary<Exchange> = fc.record({
  actor: fc.constantFrom('bob', 'nobody'),
  probe: fc.constant<Probe>({ method: 'GET', path: '/threads/1' }),
  status: fc.oneof(fc.integer({ min: 200, max: 599 }), fc.constant(0)),
  headers: fc.constantFrom<Record<string, string>>({}, { 'content-type': 'text/event-stream' }, { location: '/login' }),
  body: fc.oneof(fc.string(), fc.json(), fc.constantFrom('null', '[]', '{"items":[]}', '<html>')),
  ending: fc.constantFrom('complete', 'quiet', 'cut', 'timeout', 'reset'),
  ms: fc.constant(1),
})
const control = fc.constantFrom<Control>(
  { kind: 'proved' },
  { kind: 'failed', reason: 'x' },
  { kind: 'unsupported', reason: 'x' },
)
const on2xx = fc.constantFrom('leak', 'leak-unless-empty', 'own')
const evidence = (slot: string): Evidence => ({
  slot,
  where: 'body',
  excerpt: '',
  actor: 'bob',
  route: 'GET /threads/{id}',
  status: 200,
  curl: '',
})
const verdicts = fc.array(
  fc.oneof(
    fc.constant<Verdict>({ kind: 'leak', evidence: [evidence('a')] }),
    fc.constant<Verdict>({ kind: 'inconclusive', reason: 'x' }),
    fc.constant<Verdict>({ kind: 'skipped', reason: 'x' }),
    fc.boolean().map((byRole): Verdict => ({ kind: 'isolated', note: '404', byRole })),
  ),
)

describe('the verdict', () => {
  it('is a leak where there is evidence, whatever else', () => {
    fc.assert(
      fc.property(exchange, control, on2xx, (given, shown, meaning) => {
        const found = judge({ exchange: given, evidence: [evidence('a')], control: shown }, { on2xx: meaning }, () =>
          evidence('b'),
        )
        expect(found).toEqual({ kind: 'leak', evidence: [evidence('a')] })
      }),
    )
  })

  it('is never isolated for a crash, half an answer, or a control that failed', () => {
    fc.assert(
      fc.property(exchange, control, on2xx, (given, shown, meaning) => {
        const { kind } = judge({ exchange: given, evidence: [], control: shown }, { on2xx: meaning }, () =>
          evidence('b'),
        )
        const { status, ending } = given
        const broken = status === 0 || status >= 500 || ['cut', 'timeout', 'reset'].includes(ending)
        if (broken || shown.kind !== 'proved') expect(kind).not.toBe('isolated')
        if (shown.kind === 'failed') expect(kind).toBe('inconclusive')
      }),
    )
  })

  it('of several requests does not depend on their order', () => {
    fc.assert(
      fc.property(
        verdicts.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const [one, other] = [worst(all), worst(shuffled)]
          expect(other.kind).toBe(one.kind)
          if (one.kind === 'isolated' && other.kind === 'isolated') expect(other.byRole).toBe(one.byRole)
        },
      ),
    )
  })
})

describe('the ledger', () => {
  const ours = '11111111-1111-4111-8111-111111111111'
  const ids = fc.uuid().filter((id) => id !== ours)
  const mutating = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE')
  const segment = fc.constantFrom('threads', 'runs', 'assistants', 'state', 'cancel', 'store', 'items', 'prune', ours)

  it('lets no request through that names what is not ours, wherever the id stands', () => {
    const ledger = createLedger({ agents: () => ['agent'] })
    ledger.reserve({ kind: 'thread', id: ours, owner: 'alice' })
    const field = fc.constantFrom('thread_id', 'assistant_id', 'run_id', 'cron_id', 'thread_ids', 'run_ids')
    const places = fc.constantFrom<(id: string, field: string) => Partial<Probe>>(
      (id) => ({ path: `/${id}` }),
      (id, name) => ({ path: `?${name}=${encodeURIComponent(id)}` }),
      (id) => ({ path: `?id=${id.replaceAll('-', '%2D')}` }),
      (id, name) => ({ body: { [name]: id } }),
      (id, name) => ({ body: { [name]: [ours, id] } }),
      (id, name) => ({ body: [{ assistant_id: 'agent' }, { [name]: id }] }),
      (id, name) => ({ body: { config: { configurable: { [name]: id } } } }),
      (id, name) => ({ body: { a: [[{ [name]: id }]] } }),
      (id) => ({ raw: { text: `{"thread_id":"${ours}","thread_id":"${id}"` } }),
    )
    fc.assert(
      fc.property(mutating, fc.array(segment, { minLength: 1, maxLength: 4 }), ids, field, places, (...given) => {
        const [method, segments, id, name, place] = given
        const { path = '', ...rest } = place(id, name)
        const probe: Probe = { method, path: `/${segments.join('/')}${path}`, ...rest }
        // A search reads, whatever its verb; it isn't among these segments.
        expect(() => ledger.assert(probe)).toThrow(LedgerViolation)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the curl line', () => {
  const run = promisify(execFile)
  let url: URL
  let received: { method: string; path: string; headers: IncomingMessage['headers']; body: string } | undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      received = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') }
      response.end()
    })
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  afterAll(() => void server.close())

  const quotes = fc.string({ unit: fc.constantFrom(...'\'"`$\\!{}[]()*&;|<>#~ %@ab1é\n'), maxLength: 25 })
  const header = fc.string({ unit: fc.constantFrom(...'\'"`$\\!{}[]()*&;|<>#~%@ab1'), minLength: 1, maxLength: 25 })

  it('sends the same request, whatever the shell makes of its characters', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        fc.constantFrom(
          '/threads',
          '/threads?a[]=1&b={x}',
          "/it's/%20?q=%24HOME",
          '/a//b',
          '/store/items?namespace=a.b',
        ),
        fc.option(quotes, { nil: undefined }),
        header,
        fc.option(header, { nil: undefined }),
        token,
        token,
        async (method, path, text, value, worn, alice, bob) => {
          const credentials = createCredentials({
            tokens: { alice: `Bearer ${alice}`, bob: `Bearer ${bob}` },
            junk: 'j',
          })
          const literal = worn?.replaceAll(/[{}]/g, '')
          const probe: Probe = {
            method,
            path,
            headers: { 'x-quotes': value },
            ...(text === undefined ? {} : { body: { text } }),
            ...(literal ? { disguise: { headers: { 'x-worn': `${literal} {alice}` }, query: { t: '1' } } } : {}),
          }
          const line = curlLine({ target: url, credentials, actor: 'bob', probe })
          received = undefined
          await run('sh', ['-c', `${line} --silent --noproxy '*'`], {
            env: { PATH: process.env['PATH'] ?? '', ALICE: alice, BOB: bob },
          })
          expect(received).toMatchObject({
            method,
            path: path + credentials.query(path, probe.disguise),
            body: text === undefined ? '' : JSON.stringify({ text }),
            headers: { ...credentials.headers('bob', probe.disguise), 'x-quotes': value },
          })
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each(['last-character', 'reversed', 'shortened', 'extended', 'other-case'])(
    'alters a token as the suite does: %s',
    async (change) => {
      const credentials = createCredentials({ tokens: { alice: 'user1-*token?', bob: 'b' }, junk: 'j' })
      const probe: Probe = {
        method: 'GET',
        path: '/',
        disguise: { headers: { authorization: `{scheme} {alice:${change}}` } },
      }
      const line = curlLine({ target: url, credentials, actor: 'nobody', probe })
      await run('sh', ['-c', `${line} --silent --noproxy '*'`], {
        env: { PATH: process.env['PATH'] ?? '', ALICE: 'user1-*token?' },
      })
      expect(received?.headers).toMatchObject(credentials.headers('nobody', probe.disguise))
    },
  )
})
