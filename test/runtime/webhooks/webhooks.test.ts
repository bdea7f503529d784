import { createServer, type IncomingMessage, Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS, type WebhookSettings } from '../../../src/runtime/settings.js'
import { createWebhooks, type WebhookOptions, type Webhooks } from '../../../src/runtime/webhooks/webhooks.js'

const OPEN: WebhookSettings = { ...DEFAULT_SETTINGS.webhooks, disableLoopback: false }
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A receiver on a free port that remembers what came. */
async function receiver(answer: (response: ServerResponse, count: number) => void = (response) => response.end()) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body })
      answer(response, received.length)
    })
  })
  return { received, ...(await listen(server)), server }
}

async function listen(server: TcpServer) {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        if (server instanceof Server) server.closeAllConnections()
      }),
  )
  return { port, url: `http://127.0.0.1:${port}` }
}

function webhooksWith(options: Partial<WebhookOptions> & { policy?: Partial<WebhookSettings> } = {}): Webhooks {
  const { policy, ...rest } = options
  const webhooks = createWebhooks({ settings: () => ({ ...OPEN, ...policy }), pausesMs: [10, 20], ...rest })
  closers.push(() => webhooks.close())
  return webhooks
}

const hook = (status: number) => (response: ServerResponse) => response.writeHead(status).end()

describe('a webhook', () => {
  it('is a POST of JSON, with the headers of the settings', async () => {
    const { url, received } = await receiver()
    const webhooks = webhooksWith({
      policy: { headers: { 'X-Key': 'k', 'Content-Type': 'text/plain', Host: 'elsewhere.example' } },
    })
    expect(await webhooks.send(`${url}/in?a=1#part`, { run_id: 'r', values: { text: 'größe' } })).toBe('delivered')
    expect(received).toHaveLength(1)
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: '/in?a=1',
      headers: { 'x-key': 'k', 'content-type': 'application/json', host: new URL(url).host, connection: 'close' },
    })
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ run_id: 'r', values: { text: 'größe' } })
  })

  it.each([
    [200, 1, 'delivered'],
    [204, 1, 'delivered'],
    [302, 1, 'failed'],
    [400, 1, 'failed'],
    [404, 1, 'failed'],
    [429, 3, 'failed'],
    [500, 3, 'failed'],
    [503, 3, 'failed'],
  ])('that is answered with %i is tried %i times and is %s', async (status, attempts, outcome) => {
    const { url, received } = await receiver(hook(status))
    expect(await webhooksWith().send(url, {})).toBe(outcome)
    expect(received).toHaveLength(attempts)
  })

  it('is delivered when a later attempt is', async () => {
    const { url, received } = await receiver((response, count) => response.writeHead(count < 3 ? 502 : 200).end())
    expect(await webhooksWith().send(url, {})).toBe('delivered')
    expect(received).toHaveLength(3)
  })

  it('does not follow a redirect', async () => {
    const target = await receiver()
    const { url, received } = await receiver((response) => response.writeHead(307, { location: target.url }).end())
    expect(await webhooksWith().send(url, {})).toBe('failed')
    expect([received.length, target.received.length]).toEqual([1, 0])
  })

  it('is tried again where the connection breaks', async () => {
    let connections = 0
    const server = createTcpServer((socket) => {
      connections++
      socket.destroy()
    })
    const { url } = await listen(server)
    expect(await webhooksWith().send(url, {})).toBe('failed')
    expect(connections).toBe(3)
  })

  it('waits longer before each further attempt', async () => {
    const at: number[] = []
    const { url } = await receiver((response) => {
      at.push(performance.now())
      response.writeHead(500).end()
    })
    await webhooksWith({ pausesMs: [60, 240] }).send(url, {})
    const [first = 0, second = 0, third = 0] = at
    expect(second - first).toBeGreaterThan(55)
    expect(third - second).toBeGreaterThan(235)
  })

  it('gives up an attempt that takes too long', async () => {
    const { url, received } = await receiver(() => {})
    expect(await webhooksWith({ attemptMs: 50, pausesMs: [] }).send(url, {})).toBe('failed')
    expect(received).toHaveLength(1)
  })

  it('does not read an answer to its end', async () => {
    let sent = 0
    const { url } = await receiver((response) => {
      response.writeHead(200)
      const more = () => {
        if (response.destroyed || sent > 50_000_000) return response.end()
        sent += 65_536
        return response.write(Buffer.alloc(65_536)) ? setImmediate(more) : response.once('drain', more)
      }
      response.once('close', () => response.emit('drain'))
      more()
    })
    expect(await webhooksWith().send(url, {})).toBe('delivered')
    expect(sent).toBeLessThan(50_000_000)
  })

  it.each<[string, () => unknown]>([
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {}
        circle['self'] = circle
        return circle
      },
    ],
    ['a bigint', () => 1n],
  ])('with %s for a payload fails, and nothing is thrown', async (_, payload) => {
    const { url, received } = await receiver()
    expect(await webhooksWith().send(url, payload())).toBe('failed')
    expect(received).toHaveLength(0)
  })

  it('with a header that cannot be sent fails, and nothing is thrown', async () => {
    const { url, received } = await receiver()
    expect(await webhooksWith({ policy: { headers: { 'x-a': 'a\r\nb: c' } } }).send(url, {})).toBe('failed')
    expect(received).toHaveLength(0)
  })
})

const REFUSED: [url: string, policy: Partial<WebhookSettings>, rule: RegExp][] = [
  ['/threads', {}, /absolute/],
  ['//example.com/x', {}, /absolute/],
  ['example.com', {}, /absolute/],
  ['http:example.com', {}, /absolute/],
  ['http:///example.com', {}, /absolute/],
  ['\nhttp://example.com', {}, /absolute/],
  ['http://', {}, /absolute/],
  ['', {}, /absolute/],
  ['ftp://example.com/', {}, /absolute/],
  ['file:///etc/passwd', {}, /absolute/],
  ['javascript:alert(1)', {}, /absolute/],
  ['http://user:hunter2@example.com/', {}, /user name/],
  ['http://hunter2@example.com/', {}, /user name/],
  ['http://example.com/', { requireHttps: true }, /https/],
  ['https://example.com/', { disabled: true }, /disabled/],
  [`https://example.com/${'x'.repeat(100)}`, { maxUrlLength: 100 }, /longer than 100/],
  ['https://example.com.evil.example/', { allowedDomains: ['example.com'] }, /allowed_domains/],
  ['https://a.example.com/', { allowedDomains: ['example.com'] }, /allowed_domains/],
  ['https://example.com/', { allowedDomains: ['*.example.com'] }, /allowed_domains/],
  ['https://badexample.com/', { allowedDomains: ['*.example.com'] }, /allowed_domains/],
  ['https://.example.com/', { allowedDomains: ['*.example.com'] }, /allowed_domains/],
  ['https://example.com:8443/', { allowedPorts: [443] }, /allowed_ports/],
  ['http://example.com/', { allowedPorts: [443] }, /allowed_ports/],
  ['https://example.com/', { allowedPorts: [] }, /allowed_ports/],
  ['http://169.254.169.254/latest/meta-data', {}, /link-local/],
  ['http://[::ffff:169.254.169.254]/', {}, /link-local/],
  ['http://[64:ff9b::169.254.169.254]/', {}, /link-local/],
  ['http://[2002:a9fe:a9fe::1]/', {}, /link-local/],
  ['http://0xa9fea9fe/', {}, /link-local/],
  ['http://[fe80::1]/', {}, /link-local/],
  ['http://[fd00:ec2::254]/', {}, /link-local/],
  ['http://100.100.100.200/', {}, /link-local/],
  ['http://224.0.0.1/', {}, /link-local/],
  ['http://255.255.255.255/', {}, /link-local/],
  ['http://[ff02::1]/', {}, /link-local/],
  ['http://0.0.0.0/', {}, /link-local/],
  ['http://0/', {}, /link-local/],
  ['http://[::]/', {}, /link-local/],
]

const THIS_MACHINE = [
  'http://localhost/',
  'http://LOCALHOST./',
  'http://a.localhost/',
  'http://127.0.0.1:2024/threads',
  'http://127.1.2.3/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://017700000001/',
  'http://１２７.0.0.1/',
  'http://127.0.0.1./',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[2002:7f00:1::]/',
  ...Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => `http://${address}/`),
]

const PERMITTED: [url: string, policy: Partial<WebhookSettings>][] = [
  ['https://example.com/', {}],
  ['HTTPS://EXAMPLE.com:8443/in?x=1', {}],
  ['http://10.1.2.3/', {}],
  ['http://[2001:db8::1]/', {}],
  ['https://example.com/', { requireHttps: true, allowedPorts: [443], allowedDomains: ['Example.com'] }],
  ['https://example.com./', { allowedDomains: ['example.com'] }],
  ['https://a.b.example.com/', { allowedDomains: ['other.example', '*.example.com'] }],
  ['http://example.com/', { allowedPorts: [80] }],
  ['https://example.com/', { allowedDomains: [] }],
]

describe('a URL', () => {
  const check = (url: string, policy: Partial<WebhookSettings>) => () => webhooksWith({ policy }).check(url)

  it.each(REFUSED)('%j under %j is refused', (url, policy, rule) => {
    expect(check(url, policy)).toThrow(
      expect.objectContaining({ code: 'invalid_request', status: 422, message: expect.stringMatching(rule) }),
    )
    expect(check(url, policy)).not.toThrow(/hunter2/)
  })

  it.each(THIS_MACHINE)('%s is this machine', (url) => {
    expect(check(url, { disableLoopback: true })).toThrow(/disable_loopback/)
    expect(check(url, { disableLoopback: false })).not.toThrow()
  })

  it.each(PERMITTED)('%s under %j is permitted', (url, policy) => {
    expect(check(url, { disableLoopback: true, ...policy })).not.toThrow()
  })

  it('is checked again when it is sent', async () => {
    const { url, received } = await receiver()
    const policy = { ...OPEN }
    const webhooks = createWebhooks({ settings: () => policy })
    closers.push(() => webhooks.close())
    webhooks.check(url)
    policy.disableLoopback = true
    expect(await webhooks.send(url, {})).toBe('failed')
    expect(received).toHaveLength(0)
  })
})

describe('the addresses of a name', () => {
  const v4 = (address: string) => ({ address, family: 4 })

  it.each([
    ['127.0.0.1 alone', [v4('127.0.0.1')]],
    ['127.0.0.1 among others', [v4('192.0.2.1'), v4('127.0.0.1')]],
    ['IPv6', [{ address: '::1', family: 6 }]],
    ['IPv4 in IPv6', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])('are refused when one of them is this machine: %s', async (_, addresses) => {
    const { port, received } = await receiver()
    let asked = 0
    const webhooks = webhooksWith({
      policy: { disableLoopback: true },
      lookup: async () => {
        asked++
        return addresses
      },
    })
    const url = `http://public.example:${port}/`
    expect(() => webhooks.check(url)).not.toThrow()
    expect(await webhooks.send(url, {})).toBe('failed')
    // A refusal is not tried again.
    expect([asked, received.length]).toEqual([1, 0])
  })

  it('are refused when one is link-local, even where this machine is allowed', async () => {
    const webhooks = webhooksWith({ lookup: async () => [v4('169.254.169.254')] })
    expect(await webhooks.send('http://public.example/', {})).toBe('failed')
  })

  it('are connected to as they were checked, and looked up once an attempt', async () => {
    const { port, received } = await receiver()
    const asked: string[] = []
    const webhooks = webhooksWith({
      lookup: async (host) => {
        asked.push(host)
        return [v4('127.0.0.1')]
      },
    })
    expect(await webhooks.send(`http://public.example:${port}/`, {})).toBe('delivered')
    expect(asked).toEqual(['public.example'])
    expect(received[0]?.headers.host).toBe(`public.example:${port}`)
  })

  it('that cannot be found are looked up again', async () => {
    let asked = 0
    const lookup = async () => {
      asked++
      throw new Error('ENOTFOUND')
    }
    expect(await webhooksWith({ lookup }).send('http://nowhere.example/', {})).toBe('failed')
    expect(asked).toBe(3)
  })
})

describe('many webhooks', () => {
  /** Every name is this machine. */
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }]

  it('to a host that is slow do not delay those to another, whatever their ports', async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => receiver(() => {})))
    const quick = await receiver()
    const webhooks = webhooksWith({ lookup, attemptMs: 5000 })
    const stuck = Array.from({ length: 100 }, (_, n) =>
      webhooks.send(`http://slow.example:${slow[n % slow.length]?.port}/`, {}),
    )
    const began = performance.now()
    expect(await webhooks.send(`http://quick.example:${quick.port}/`, {})).toBe('delivered')
    expect(performance.now() - began).toBeLessThan(2000)
    // And not all of them hold a connection.
    expect(slow.flatMap(({ received }) => received).length).toBeLessThanOrEqual(4)
    await webhooks.close()
    expect(new Set(await Promise.all(stuck))).toEqual(new Set(['failed']))
  })

  it('of one user, to however many hosts that are slow, do not delay those of another', async () => {
    const slow = await receiver(() => {})
    const quick = await receiver()
    const webhooks = webhooksWith({ lookup, attemptMs: 5000 })
    const stuck = Array.from({ length: 100 }, (_, n) =>
      webhooks.send(`http://slow${n}.example:${slow.port}/`, {}, { identity: 'bob' }),
    )
    while (slow.received.length < 16) await new Promise((resolve) => setTimeout(resolve, 5))
    const began = performance.now()
    const good = `http://quick.example:${quick.port}/`
    expect(await webhooks.send(good, {}, { identity: 'alice' })).toBe('delivered')
    expect(performance.now() - began).toBeLessThan(2000)
    expect(slow.received).toHaveLength(16)
    await webhooks.close()
    expect(new Set(await Promise.all(stuck))).toEqual(new Set(['failed']))
  })

  it('to many hosts are sent some at a time, and the hosts take turns', async () => {
    let open = 0
    let most = 0
    const order: string[] = []
    const { port } = await receiver((response) => {
      order.push(String(response.req.headers.host?.[0]))
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        response.end()
      }, 5)
    })
    const webhooks = webhooksWith({ lookup })
    const sent = [...'abcdef'].flatMap((name) =>
      Array.from({ length: 20 }, () => webhooks.send(`http://${name}.example:${port}/`, {})),
    )
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['delivered']))
    expect(most).toBeLessThanOrEqual(16)
    expect(order).toHaveLength(120)
    // The last host in line had its turn long before the first one was done.
    expect(order.indexOf('f')).toBeLessThan(order.lastIndexOf('a') - 10)
  })

  it('to one host fail at once when too many wait', async () => {
    const slow = await receiver(() => {})
    const webhooks = webhooksWith({ attemptMs: 5000 })
    const warnings: Error[] = []
    const listener = (warning: Error) => warnings.push(warning)
    process.on('warning', listener)
    const stuck = Array.from({ length: 1004 }, () => webhooks.send(slow.url, {}))
    const late = await webhooks.send(slow.url, {})
    expect(late).toBe('failed')
    await webhooks.close()
    await Promise.all(stuck)
    process.off('warning', listener)
    expect(warnings).toEqual([])
  })

  it('that wait are no more than fits, and a URL counts too', async () => {
    const slow = await receiver(() => {})
    const webhooks = webhooksWith({ attemptMs: 60_000 })
    const going = Array.from({ length: 4 }, () => webhooks.send(slow.url, {}, { identity: 'bob' }))
    while (slow.received.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    const url = `${slow.url}/${'y'.repeat(65_000)}`
    const failed: number[] = []
    const waiting = Array.from({ length: 70 }, (_, n) =>
      webhooks
        .send(url, 'x'.repeat(2 ** 20), { identity: 'bob' })
        .then((outcome) => outcome === 'failed' && failed.push(n)),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    // Each takes 1.0625 MB, so that 60 of them fit.
    expect(failed).toEqual(Array.from({ length: 10 }, (_, n) => n))
    await webhooks.close()
    await Promise.all([...going, ...waiting])
  })
})

describe('closing', () => {
  it('ends what waits for another attempt, and takes nothing more', async () => {
    const { url, received } = await receiver(hook(500))
    const webhooks = webhooksWith({ pausesMs: [60_000] })
    const sent = webhooks.send(url, {})
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await webhooks.close()
    expect(await sent).toBe('failed')
    expect(await webhooks.send(url, {})).toBe('failed')
    expect(received).toHaveLength(1)
  })

  it('lets what is on its way arrive, and cuts off what hangs', async () => {
    const quick = await receiver((response) => setTimeout(() => response.end(), 100))
    const hanging = await receiver(() => {})
    const webhooks = webhooksWith({ attemptMs: 60_000 })
    const sent = [webhooks.send(quick.url, {}), webhooks.send(hanging.url, {})]
    while (quick.received.length + hanging.received.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    const began = performance.now()
    await webhooks.close()
    expect(performance.now() - began).toBeLessThan(3000)
    expect(await Promise.all(sent)).toEqual(['delivered', 'failed'])
  })
})
