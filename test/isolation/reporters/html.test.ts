import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { IsolationEvent } from '../../../src/isolation/events.js'
import { htmlReport } from '../../../src/isolation/reporters/html.js'
import { withBrowser } from '../../support/browser.js'
import { eventsOf, hostileEvents, isolated, mixedEvents, result } from '../support/events.js'

const page = (events: readonly IsolationEvent[]) => htmlReport(events, { version: '1.2.3' })

describe('the page', () => {
  it('needs nothing but itself', () => {
    const html = page(mixedEvents())
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|src=/)
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  })

  it('says how it went', () => {
    expect(page(mixedEvents())).toContain('<h1>2 leaks between users</h1>')
    expect(page(eventsOf([result('store.get', isolated)]))).toContain('<h1>Users are isolated</h1>')
    expect(page(eventsOf([], { exitCode: 3 }))).toContain('<h1>Isolation could not be proved</h1>')
  })

  it('holds no markup but its own', () => {
    const html = page(hostileEvents())
    expect(html).not.toContain('<script')
    expect(html).not.toContain('<!-- -->')
    expect(html).not.toContain('\u0000')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })
})

/** Opens a report from its file, with scripts turned off. */
async function opened(
  browser: Browser,
  events: readonly IsolationEvent[],
  options: { width: number; colorScheme: 'light' | 'dark' },
  look: (page: Page) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-html-'))
  const file = join(folder, 'report.html')
  writeFileSync(file, page(events))
  const { width, colorScheme } = options
  const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: false })
  const asked: string[] = []
  tab.on('request', (request) => asked.push(request.url()))
  try {
    await tab.goto(`file://${file}`)
    await look(tab)
    expect(asked).toEqual([`file://${file}`])
  } finally {
    await tab.close()
    rmSync(folder, { recursive: true })
  }
}

withBrowser('is readable without scripts and without a network', async (browser) => {
  await opened(browser, mixedEvents(), { width: 1200, colorScheme: 'light' }, async (tab) => {
    expect(await tab.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'Who could do what',
      'Leaks',
      'Known leaks',
      'Not decided',
      'Notes',
      'Not tried',
      'Every check',
    ])
    expect(await tab.getByRole('rowheader', { name: 'threads' }).count()).toBeGreaterThan(0)
    expect(await tab.getByText("Bob read Alice's thread").first().isVisible()).toBe(true)
    // The rest is folded, and opens without a script.
    const row = tab.getByText('store.get@bob')
    expect(await row.isVisible()).toBe(false)
    await tab.locator('summary', { hasText: 'Memory' }).click()
    expect(await row.isVisible()).toBe(true)
  })
})

withBrowser('is dark where the reader wants it dark, and not wider than a phone', async (browser) => {
  await opened(browser, mixedEvents(), { width: 360, colorScheme: 'dark' }, async (tab) => {
    const body = tab.locator('body')
    expect(await body.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(21, 20, 18)')
    const width = await tab.locator('html').evaluate((element) => element.scrollWidth)
    expect(width).toBeLessThanOrEqual(360)
  })
})

withBrowser('shows hostile texts as texts', async (browser) => {
  await opened(browser, hostileEvents(), { width: 1200, colorScheme: 'light' }, async (tab) => {
    expect(await tab.locator('script').count()).toBe(0)
    expect(await tab.getByText('<script>alert(1)</script>').first().isVisible()).toBe(true)
  })
})
