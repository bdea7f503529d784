import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { it } from 'vitest'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** A test that needs a browser: skipped, saying what to install, where there is none; a failure in CI. */
export function withBrowser(name: string, test: (browser: Browser) => Promise<void>): void {
  if (!CHROMIUM && !process.env['CI']) {
    it.skip(`${name} (needs a browser: apt-get install chromium)`)
    return
  }
  it(name, async () => {
    if (!CHROMIUM) throw new Error('There is no browser on this machine: apt-get install chromium')
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    try {
      await test(browser)
    } finally {
      await browser.close()
    }
  })
}
