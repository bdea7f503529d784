import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { it } from 'vitest'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Whether a test may count on a browser: in CI, where there has to be one, too. */
export const BROWSER_EXPECTED = CHROMIUM !== undefined || Boolean(process.env['CI'])

/** A browser of its own, which the caller closes. */
export function launchBrowser(): Promise<Browser> {
  if (!CHROMIUM) throw new Error('There is no browser on this machine: apt-get install chromium')
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A test that needs a browser: skipped, saying what to install, where there is none; a failure in CI. */
export function withBrowser(name: string, test: (browser: Browser) => Promise<void>): void {
  if (!BROWSER_EXPECTED) {
    it.skip(`${name} (needs a browser: apt-get install chromium)`)
    return
  }
  it(name, async () => {
    const browser = await launchBrowser()
    try {
      await test(browser)
    } finally {
      await browser.close()
    }
  })
}
