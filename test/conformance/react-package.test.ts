import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client } from '@langchain/langgraph-sdk'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { protocolGraphs } from '../server/protocol-graphs.js'
import { withBrowser } from '../support/browser.js'
import { until } from '../support/client.js'
import { serve } from '../support/server.js'
import { auth } from './project/auth.js'
import { projectGraphs } from './project-graphs.js'

// Runs in the browser: `window.agent.stream` is what useStream() of @langchain/react returned to the page.

const script = await bundled()
const pages = await servePage(script ?? '')
const server = await serve({
  graphs: { ...projectGraphs, ...protocolGraphs },
  auth: auth as never,
  http: { cors: { allow_origins: [pages.origin] } },
})
const human = (content: string, id: string) => ({ messages: [{ type: 'human', content, id }] })

function withPage(name: string, test: (browser: Browser) => Promise<void>): void {
  if (script === undefined && !process.env['CI']) it.skip(`${name} (needs @langchain/react: npm install)`)
  else withBrowser(`@langchain/react: ${name}`, test)
}

/** The page as a user of that name opens it, and what it asked of the server. */
async function open(browser: Browser, user: string, graph: string, options: Record<string, string> = {}) {
  const page = await browser.newPage()
  const asked: { request: string; status: number }[] = []
  page.on('response', (response) => {
    if (!response.url().startsWith(server.url)) return
    const request = `${response.request().method()} ${new URL(response.url()).pathname}`
    asked.push({ request: request.replace(/[0-9a-f-]{36}/g, '*'), status: response.status() })
  })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${pages.origin}/?${new URLSearchParams({ server: server.url, user, graph, ...options })}`)
  await page.waitForFunction(() => window.agent !== undefined)
  const client = new Client({
    apiUrl: server.url,
    apiKey: null as never,
    defaultHeaders: { authorization: `Bearer ${user}` },
  })
  return {
    page,
    client,
    asked,
    requests: () => [...new Set(asked.map(({ request }) => request))],
    thread: async () => {
      const id = await page.evaluate(() => window.agent.stream.threadId)
      if (id === null) throw new Error('The page made no thread.')
      return id
    },
    /** Everything that was answered was a success, and nothing went wrong in the page. */
    went: async () => {
      expect(asked.filter(({ status }) => status < 200 || status > 299)).toEqual([])
      expect([errors, await page.evaluate(() => window.agent.stream.error)]).toEqual([[], undefined])
    },
  }
}

function submit(page: Page, input: unknown, options?: unknown): Promise<void> {
  return page.evaluate(([wanted, how]) => void window.agent.stream.submit(wanted as never, how as never), [
    input,
    options,
  ] as const)
}

async function idle(page: Page): Promise<void> {
  await page.waitForFunction(() => !window.agent.stream.isLoading && !window.agent.stream.isThreadLoading)
}

const shown = (page: Page) => page.locator('p').allTextContents()
const ends = (page: Page) => page.evaluate(() => window.agent.completed.map(({ reason }) => reason))
const seen = (page: Page) => page.evaluate(() => window.agent.stream.values.seen)

withPage('makes a thread, sends messages and shows the answers', async (browser) => {
  const { page, went, requests } = await open(browser, 'u1', 'chat')
  await submit(page, human('hi', 'q1'))
  await page.getByText('Hello').waitFor()
  await idle(page)
  expect(await shown(page)).toEqual(['hi', 'Hello'])
  await submit(page, human('again', 'q2'))
  await page.waitForFunction(() => document.querySelectorAll('p').length === 4)
  await idle(page)
  expect(await shown(page)).toEqual(['hi', 'Hello', 'again', 'Hello'])
  expect(requests().sort()).toEqual(['POST /threads/*/commands', 'POST /threads/*/stream/events'])
  expect(await ends(page)).toEqual(['success', 'success'])
  await went()
})

withPage('shows an answer as it is written, and the call of a tool', async (browser) => {
  const { page, went } = await open(browser, 'u2', 'agent')
  await submit(page, human('weather?', 'q1'))
  await page.getByText('It is sunny in Oslo').waitFor()
  await idle(page)
  expect((await page.evaluate(() => window.agent.texts)).slice(-2)).toEqual(['It is ', 'It is sunny in Oslo'])
  expect(await shown(page)).toEqual(['weather?', 'Let me see. ', 'sunny in Oslo', 'It is sunny in Oslo'])
  const calls = await page.evaluate(() =>
    window.agent.stream.toolCalls.map(({ name, input, output, status }) => ({ name, input, output, status })),
  )
  expect(calls).toEqual([{ name: 'weather', input: { city: 'Oslo' }, output: 'sunny in Oslo', status: 'finished' }])
  await went()
})

withPage('stops at an interrupt and goes on with the answer', async (browser) => {
  const { page, went } = await open(browser, 'u3', 'ask')
  await submit(page, { text: 'ok?' })
  await page.waitForFunction(() => window.agent.stream.interrupt !== undefined && !window.agent.stream.isLoading)
  expect(await page.evaluate(() => window.agent.stream.interrupt?.value)).toEqual({ question: 'ok?' })
  await page.evaluate(() => window.agent.stream.respond('yes'))
  await page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(page)
  expect([await seen(page), await page.evaluate(() => window.agent.stream.interrupts)]).toEqual([['yes', 'after'], []])
  await went()
})

withPage('answers one interrupt after the other, of a graph inside too', async (browser) => {
  const twice = await open(browser, 'u4', 'twice')
  await submit(twice.page, {})
  for (const question of ['first?', 'second?']) {
    await twice.page.waitForFunction((text) => window.agent.stream.interrupt?.value === text, question)
    await twice.page.evaluate(() => window.agent.stream.respond('ok'))
  }
  await twice.page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(twice.page)
  expect(await seen(twice.page)).toEqual(['first ok', 'second ok'])
  await twice.went()

  const deep = await open(browser, 'u4', 'deep')
  await submit(deep.page, { text: 'in?' })
  await deep.page.waitForFunction(() => window.agent.stream.interrupt !== undefined)
  await deep.page.evaluate(() => window.agent.stream.respond('fine'))
  await deep.page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(deep.page)
  expect(await seen(deep.page)).toEqual(['fine', 'after'])
  await deep.went()
})

withPage('answers two interrupts at once', async (browser) => {
  const { page, went } = await open(browser, 'u5', 'both')
  await submit(page, {})
  await page.waitForFunction(() => window.agent.stream.interrupts.length === 2 && !window.agent.stream.isLoading)
  await page.evaluate(() => {
    const { interrupts } = window.agent.stream
    return window.agent.stream.respondAll(Object.fromEntries(interrupts.map(({ id, value }) => [id, `${value}!`])))
  })
  await page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(page)
  expect(await seen(page)).toEqual(['left left?!', 'right right?!'])
  await went()
})

withPage('shows what a graph inside says, with a subscription of its own', async (browser) => {
  const { page, went } = await open(browser, 'u6', 'team')
  await submit(page, human('hi', 'q1'))
  await page.getByText('member: hi / inside').waitFor()
  await idle(page)
  expect(await shown(page)).toEqual(['hi', 'inside'])
  await went()
})

withPage('gets what a graph writes under a name', async (browser) => {
  const { page, went } = await open(browser, 'u7', 'writer')
  await submit(page, {})
  await page.waitForFunction(() => window.agent.progress !== undefined)
  expect(await page.evaluate(() => window.agent.progress)).toEqual({ done: 1 })
  await idle(page)
  await went()
})

withPage('stops a run, and the server stops it too', async (browser) => {
  const { page, client, thread } = await open(browser, 'u8', 'slow')
  await submit(page, { ms: 60_000 })
  await page.waitForFunction(() => window.agent.stream.values.seen?.[0] === 'begun')
  await page.evaluate(() => window.agent.stream.stop())
  await idle(page)
  const id = await thread()
  const runs = await until(
    () => client.runs.list(id),
    ([run]) => run?.status !== 'running',
  )
  expect(runs.map(({ status }) => status)).toEqual(['interrupted'])
})

withPage('takes a run up again after the page was loaded anew', async (browser) => {
  const { page, went } = await open(browser, 'u9', 'slow')
  await submit(page, { ms: 2500 })
  await page.waitForFunction(() => window.agent.stream.values.seen?.[0] === 'begun')
  await page.reload()
  await page.waitForFunction(() => window.agent?.stream.isLoading)
  await page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(page)
  expect(await seen(page)).toEqual(['begun', 'waited'])
  await went()
})

withPage('shows after a reload what was said, and goes on', async (browser) => {
  const { page, went } = await open(browser, 'u10', 'agent')
  await submit(page, human('weather?', 'q1'))
  await page.getByText('It is sunny in Oslo').waitFor()
  await idle(page)
  await page.reload()
  await page.getByText('It is sunny in Oslo').waitFor()
  const before = await shown(page)
  expect(before).toEqual(['weather?', 'Let me see. ', 'sunny in Oslo', 'It is sunny in Oslo'])
  // The run before has ended: its end must not be taken for that of the run that follows.
  const loading = page.evaluate(() => {
    const states: boolean[] = []
    const note = setInterval(() => {
      const { isLoading } = window.agent.stream
      if (states.at(-1) !== isLoading) states.push(isLoading)
    }, 1)
    return window.agent.stream
      .submit({ messages: [{ type: 'human', content: 'and now?', id: 'q2' }] } as never)
      .then(() => {
        clearInterval(note)
        return states
      })
  })
  expect(await loading).toEqual([true])
  await idle(page)
  expect(await shown(page)).toEqual([...before, 'and now?', ...before.slice(1)])
  expect(await ends(page)).toEqual(['success'])
  await went()
})

withPage('answers after a reload an interrupt that was there before', async (browser) => {
  const { page, went } = await open(browser, 'u11', 'ask')
  await submit(page, { text: 'ok?' })
  await page.waitForFunction(() => window.agent.stream.interrupt !== undefined && !window.agent.stream.isLoading)
  await page.reload()
  await page.waitForFunction(() => window.agent?.stream.interrupt !== undefined)
  await until(
    () => page.evaluate(() => window.agent.stream.getThread()?.interrupts.length),
    (count) => count === 1,
  )
  await page.evaluate(() => window.agent.stream.respond('later'))
  await page.waitForFunction(() => window.agent.stream.values.seen?.length === 2)
  await idle(page)
  expect([await seen(page), await page.evaluate(() => window.agent.stream.interrupts)]).toEqual([
    ['later', 'after'],
    [],
  ])
  await went()
})

withPage('branches off before an earlier message', async (browser) => {
  const { page, client, thread, went } = await open(browser, 'u12', 'chat')
  await submit(page, human('first', 'q1'))
  await page.getByText('Hello').waitFor()
  await idle(page)
  const checkpoints = (await client.threads.getHistory(await thread())).map(
    ({ checkpoint }) => checkpoint.checkpoint_id,
  )
  expect(checkpoints).toContain(await page.evaluate(() => window.agent.beforeFirst))
  const forkFrom = checkpoints.at(-1)
  await submit(page, human('edited', 'q2'), { forkFrom })
  await page.waitForFunction(() => window.agent.completed.length === 2)
  await idle(page)
  expect(await shown(page)).toEqual(['edited', 'Hello'])
  await went()
})

withPage('tells of a failure', async (browser) => {
  const { page } = await open(browser, 'u13', 'boom')
  await submit(page, { text: 'go' })
  await page.waitForFunction(() => window.agent.stream.error !== undefined)
  expect(await page.evaluate(() => String(window.agent.stream.error))).toBe('Error: Boo!')
  await idle(page)
  expect(await ends(page)).toEqual(['error'])
})

withPage('shows nobody a thread that is not theirs, and takes none over', async (browser) => {
  const mine = await open(browser, 'u14', 'chat')
  await submit(mine.page, human('secret', 'q1'))
  await mine.page.getByText('Hello').waitFor()
  await idle(mine.page)
  const thread = await mine.thread()
  const stranger = await open(browser, 'u15', 'chat', { thread })
  await stranger.page.waitForFunction(() => !window.agent.stream.isThreadLoading)
  await submit(stranger.page, human('mine now', 'q2'))
  await stranger.page.waitForFunction(() => window.agent.stream.error !== undefined)
  expect(new Set(stranger.asked.map(({ status }) => status))).toEqual(new Set([404]))
  expect(await shown(stranger.page)).not.toContain('secret')
  await mine.page.reload()
  await mine.page.getByText('secret').waitFor()
  expect(await shown(mine.page)).toEqual(['secret', 'Hello'])
})

async function bundled(): Promise<string | undefined> {
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('react-package-page.ts', import.meta.url))],
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'silent',
    })
    return outputFiles[0]?.text
  } catch (error) {
    if (String(error).includes('Could not resolve "@langchain/react"')) return undefined
    throw error
  }
}

/** The page at an origin of its own, as a frontend has it beside its API. */
async function servePage(text: string): Promise<{ origin: string }> {
  const html = '<!doctype html><meta charset="utf-8"><div id="root"></div><script src="/page.js"></script>'
  const http = createServer((request, response) => {
    const [type, body] = request.url === '/page.js' ? ['text/javascript', text] : ['text/html', html]
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    http.closeAllConnections()
    http.close()
  })
  return { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
}
