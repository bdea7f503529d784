import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client } from '@langchain/langgraph-sdk'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { withBrowser } from '../support/browser.js'
import { until } from '../support/client.js'
import { serve } from '../support/server.js'
import { auth } from './project/auth.js'
import { projectGraphs } from './project-graphs.js'

// Runs in the browser: `window.chat` is what useStream() returned to the page.

const pages = await servePage()
const server = await serve({
  graphs: projectGraphs,
  auth: auth as never,
  http: { cors: { allow_origins: [pages.origin] } },
})
const human = (content: string, id: string) => ({ messages: [{ type: 'human', content, id }] })

/** The page as a user of that name opens it, and what it asked of the server. */
async function open(browser: Browser, user: string, graph: string, options: Record<string, string> = {}) {
  const page = await browser.newPage()
  const asked: { request: string; status: number | 'left' }[] = []
  const note = (method: string, url: string, status: number | 'left') => {
    if (url.startsWith(server.url)) asked.push({ request: `${method} ${new URL(url).pathname}`, status })
  }
  page.on('response', (response) => note(response.request().method(), response.url(), response.status()))
  page.on('requestfailed', (request) => note(request.method(), request.url(), 'left'))
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${pages.origin}/?${new URLSearchParams({ server: server.url, user, graph, ...options })}`)
  await page.waitForFunction(() => window.chat !== undefined)
  const client = new Client({
    apiUrl: server.url,
    apiKey: null as never,
    defaultHeaders: { authorization: `Bearer ${user}` },
  })
  return {
    page,
    client,
    asked,
    /** The templates of the requests so far, each once. */
    requests: () => [...new Set(asked.map(({ request }) => request.replace(/[0-9a-f-]{36}/g, '*')))],
    async thread(): Promise<string> {
      const [first] = await client.threads.search()
      if (!first) throw new Error('The page made no thread.')
      return first.thread_id
    },
    /** Everything that was answered was a success, and nothing went wrong in the page. */
    async went(): Promise<void> {
      expect(asked.filter(({ status }) => typeof status === 'number' && (status < 200 || status > 299))).toEqual([])
      expect([errors, await page.evaluate(() => window.chat.failures)]).toEqual([[], []])
    },
  }
}

async function idle(page: Page): Promise<void> {
  await page.waitForFunction(() => !window.chat.isLoading && !window.chat.isThreadLoading)
}

function shown(page: Page): Promise<string[]> {
  return page.locator('p').allTextContents()
}

withBrowser('useStream makes a thread, sends a message and shows the answer word by word', async (browser) => {
  const chat = await open(browser, 'u1', 'chat')
  await chat.page.evaluate((input) => void window.chat.submit(input as never), human('hi', 'q1'))
  await chat.page.getByText('Hello').waitFor()
  await idle(chat.page)
  expect(await chat.page.evaluate(() => window.chat.texts)).toEqual(['Hel', 'Hello'])
  expect(await shown(chat.page)).toEqual(['hi', 'Hello'])
  expect(chat.requests()).toEqual([
    'POST /threads',
    'POST /threads/*/runs/stream',
    'GET /threads/*/runs/*',
    'POST /threads/*/history',
  ])
  await chat.went()
})

withBrowser('useStream stops at an interrupt and goes on with the answer', async (browser) => {
  const chat = await open(browser, 'u2', 'ask')
  await chat.page.evaluate(() => void window.chat.submit({ text: 'ok?' } as never))
  await chat.page.waitForFunction(() => window.chat.interrupt !== undefined && !window.chat.isLoading)
  expect(await chat.page.evaluate(() => window.chat.interrupt)).toMatchObject({ value: { question: 'ok?' } })
  await chat.page.evaluate(() => void window.chat.submit(undefined, { command: { resume: 'yes' } }))
  await chat.page.waitForFunction(() => window.chat.values.seen?.length === 2)
  await idle(chat.page)
  expect(await chat.page.evaluate(() => [window.chat.values.seen, window.chat.interrupt])).toEqual([
    ['yes', 'after'],
    undefined,
  ])
  await chat.went()
})

withBrowser('useStream shows an interrupt that was there before the page', async (browser) => {
  const before = await open(browser, 'u3', 'ask')
  const { thread_id } = await before.client.threads.create()
  await before.client.runs.wait(thread_id, 'ask', { input: { text: 'ok?' } })
  const chat = await open(browser, 'u3', 'ask', { thread: thread_id })
  await chat.page.waitForFunction(() => window.chat.interrupt !== undefined)
  expect(await chat.page.evaluate(() => window.chat.interrupt)).toMatchObject({ value: { question: 'ok?' } })
  await chat.went()
})

withBrowser('useStream switches to another thread and back, and reads its history', async (browser) => {
  const chat = await open(browser, 'u4', 'chat')
  await chat.page.evaluate((input) => void window.chat.submit(input as never), human('first', 'q1'))
  await chat.page.getByText('Hello').waitFor()
  await idle(chat.page)
  const first = await chat.thread()
  await chat.page.evaluate(() => window.chat.show(null))
  await chat.page.waitForFunction(() => window.chat.messages.length === 0)
  await chat.page.evaluate((input) => void window.chat.submit(input as never), human('second', 'q2'))
  await chat.page.getByText('Hello').waitFor()
  await idle(chat.page)
  expect(await shown(chat.page)).toEqual(['second', 'Hello'])
  await chat.page.evaluate((id) => window.chat.show(id), first)
  await chat.page.getByText('first').waitFor()
  expect(await shown(chat.page)).toEqual(['first', 'Hello'])
  expect(await chat.page.evaluate(() => window.chat.history.length)).toBe(3)
  expect(chat.requests()).toContain('POST /threads/*/history')
  expect(await chat.client.threads.count()).toBe(2)
  await chat.went()
})

withBrowser('useStream stops a run, and the server stops it too', async (browser) => {
  const chat = await open(browser, 'u5', 'slow')
  await chat.page.evaluate(() => void window.chat.submit({ ms: 60_000 } as never))
  await chat.page.waitForFunction(() => window.chat.values.seen?.[0] === 'begun')
  const thread_id = await chat.thread()
  await chat.page.evaluate(() => window.chat.stop())
  await idle(chat.page)
  const runs = await until(
    () => chat.client.runs.list(thread_id),
    ([run]) => run?.status !== 'running',
  )
  expect(runs.map(({ status }) => status)).toEqual(['interrupted'])
  expect(chat.asked.filter(({ status }) => status === 'left').map(({ request }) => request)).toEqual([
    `POST /threads/${thread_id}/runs/stream`,
  ])
  await chat.went()
})

withBrowser('useStream takes a run up again after the page was loaded anew', async (browser) => {
  const chat = await open(browser, 'u6', 'slow', { reconnect: '1' })
  await chat.page.evaluate(() => void window.chat.submit({ ms: 2500 } as never))
  await chat.page.waitForFunction(() => window.chat.values.seen?.[0] === 'begun')
  const thread_id = await chat.thread()
  await chat.page.reload()
  await chat.page.waitForFunction(() => window.chat?.isLoading)
  await chat.page.waitForFunction(() => window.chat.values.seen?.length === 2)
  await idle(chat.page)
  expect(await chat.page.evaluate(() => window.chat.values.seen)).toEqual(['begun', 'waited'])
  expect(chat.requests()).toContain('GET /threads/*/runs/*/stream')
  expect((await chat.client.runs.list(thread_id)).map(({ status }) => status)).toEqual(['success'])
  await chat.went()
})

withBrowser('useStream branches off at an earlier message, and shows either branch', async (browser) => {
  const chat = await open(browser, 'u7', 'chat')
  await chat.page.evaluate((input) => void window.chat.submit(input as never), human('first', 'q1'))
  await chat.page.getByText('Hello').waitFor()
  await idle(chat.page)
  await chat.page.evaluate(
    (input) => {
      const [message] = window.chat.messages
      const checkpoint = window.chat.getMessagesMetadata(message as never)?.firstSeenState?.parent_checkpoint
      void window.chat.submit(input as never, { checkpoint: checkpoint ?? null })
    },
    human('edited', 'q2'),
  )
  await chat.page.getByText('edited').waitFor()
  await idle(chat.page)
  expect(await shown(chat.page)).toEqual(['edited', 'Hello'])

  const options = await chat.page.evaluate(() => {
    const [message] = window.chat.messages
    return window.chat.getMessagesMetadata(message as never)?.branchOptions
  })
  expect(options).toHaveLength(2)
  await chat.page.evaluate((branch) => window.chat.setBranch(branch as string), options?.[0])
  await chat.page.getByText('first').waitFor()
  expect(await shown(chat.page)).toEqual(['first', 'Hello'])
  await chat.went()
})

withBrowser("useStream tells of a failure, and of a thread that is not the user's", async (browser) => {
  const chat = await open(browser, 'u8', 'boom')
  await chat.page.evaluate(() => void window.chat.submit({ text: 'go' } as never))
  await chat.page.waitForFunction(() => window.chat.failures.length > 0)
  expect(await chat.page.evaluate(() => window.chat.failures)).toEqual([expect.stringContaining('Boo!')])
  const thread_id = await chat.thread()

  const stranger = await open(browser, 'u9', 'boom', { thread: thread_id })
  await stranger.page.waitForFunction(() => window.chat.failures.length > 0)
  expect(await stranger.page.evaluate(() => window.chat.failures)).toEqual([expect.stringContaining('404')])
  expect(new Set(stranger.asked.map(({ status }) => status))).toEqual(new Set([404]))
})

/** The page at an origin of its own, as a frontend has it beside its API. */
async function servePage(): Promise<{ origin: string }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('chat-page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  })
  const script = outputFiles[0]?.text ?? ''
  const html = '<!doctype html><meta charset="utf-8"><div id="root"></div><script src="/page.js"></script>'
  const http = createServer((request, response) => {
    const [type, body] = request.url === '/page.js' ? ['text/javascript', script] : ['text/html', html]
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    http.closeAllConnections()
    http.close()
  })
  return { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
}
