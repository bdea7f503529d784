import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oidc from 'openid-client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { devPlaceholderTokens } from '../../src/identity/placeholder-tokens.js'
import { withBrowser } from '../support/browser.js'
import { barriersOf } from './audit.js'
import { beginSignIn, startIssuer } from './issuer.js'

const auth = new Auth().authenticate(
  devPlaceholderTokens({
    a: { identity: 'user1', display_name: 'Alice' },
    b: { identity: 'user2', display_name: 'Bob' },
    c: {
      identity: 'eve-whose-name-is-much-longer-than-any-page-is-wide@mail.example.test',
      display_name: '<b>Eve</b> & co',
    },
  }),
)
const dev = await startIssuer(process.cwd(), { auth, database: ':memory:', watch: false })
const config = await dev.client()

/** The listener of a command line that waits for its answer. */
const callback = createServer((_, answer) => answer.end('<!doctype html><title>done</title>'))
await new Promise<void>((resolve) => callback.listen(0, '127.0.0.1', resolve))
const redirect_uri = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`

afterAll(async () => {
  callback.close()
  await dev.close()
})

/** A page, and what the browser complained of. */
async function openPage(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}) {
  const page = await (await browser.newContext(options)).newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // Chromium reports every status above 399 of a page.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (![dev.origin, new URL(redirect_uri).origin, 'data:'].some((own) => request.url().startsWith(own)))
      complaints.push(`asked ${request.url()}`)
  })
  return { page, complaints }
}

const focused = (page: Page) =>
  page.evaluate(() => {
    const { innerText, id } = document.activeElement as HTMLElement
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement as HTMLElement)
    return {
      text: innerText.split('\n').join(' ').trim(),
      id,
      seen: outlineStyle === 'solid' && outlineWidth === '2px',
    }
  })

/** Presses Tab until something is focused, as somebody does who can't see where it is. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press('Tab')
    const { text, id, seen } = await focused(page)
    if (text.includes(wanted) || id === wanted) {
      expect(seen, `the focus on ${wanted} can be seen`).toBe(true)
      return
    }
  }
  throw new Error(`Tab never comes to ${wanted}.`)
}

for (const javaScriptEnabled of [false, true]) {
  const how = javaScriptEnabled ? 'with' : 'without'

  withBrowser(`Alice signs in by keyboard alone, ${how} JavaScript`, async (browser) => {
    const { page, complaints } = await openPage(browser, { javaScriptEnabled })
    const { url, checks } = await beginSignIn(config, { redirect_uri })
    await page.goto(url)
    await tabTo(page, 'Alice')
    await page.keyboard.press('Enter')
    await page.waitForURL(/interaction/)
    await page.getByRole('heading', { name: 'Let authkit CLI act for you?' }).waitFor()
    await tabTo(page, 'Allow')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${redirect_uri}**`)
    const tokens = await oidc.authorizationCodeGrant(config, new URL(page.url()), checks)
    expect(tokens.claims()).toMatchObject({ sub: 'user1', name: 'Alice' })
    expect(complaints).toEqual([])
  })

  withBrowser(`somebody else signs in on a device, ${how} JavaScript`, async (browser) => {
    const { page, complaints } = await openPage(browser, { javaScriptEnabled })
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' })
    await page.goto(device.verification_uri)
    expect((await focused(page)).id).toBe('code')
    await page.keyboard.type(device.user_code.toLowerCase())
    await page.keyboard.press('Enter')
    await page.getByLabel('Someone else').waitFor()
    await tabTo(page, 'identity')
    await page.keyboard.type('not a name')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect((await focused(page)).id).toBe('identity')
    await page.getByLabel('Someone else').fill('carol')
    await page.keyboard.press('Enter')
    await page.getByText(device.user_code).waitFor()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    expect((await oidc.pollDeviceAuthorizationGrant(config, device)).claims()?.sub).toBe('carol')
    expect(complaints).toEqual([])
  })
}

withBrowser('a sign-in can be cancelled, and gone back to no more', async (browser) => {
  const { page, complaints } = await openPage(browser)
  await page.goto((await beginSignIn(config, { redirect_uri })).url)
  await page.getByRole('button', { name: /Bob/ }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.waitForURL(`${redirect_uri}**`)
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  await page.goBack()
  await page.getByRole('heading', { name: "This can't go on" }).waitFor()
  expect(complaints).toEqual([])
})

withBrowser('the callback of a command line may be on IPv6', async (browser) => {
  const { page, complaints } = await openPage(browser)
  const other = createServer((_, answer) => answer.end('<!doctype html><title>done</title>'))
  await new Promise<void>((resolve) => other.listen(0, '::1', resolve))
  const address = `http://[::1]:${(other.address() as AddressInfo).port}/callback`
  await page.goto((await beginSignIn(config, { redirect_uri: address })).url)
  await page.getByRole('button', { name: /Bob/ }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${address}**`)
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull()
  expect(complaints.filter((complaint) => !complaint.startsWith('asked'))).toEqual([])
  other.close()
})

withBrowser('a page of another origin can neither show a page of these nor submit its form', async (browser) => {
  const { page } = await openPage(browser)
  const { url } = await beginSignIn(config, { redirect_uri })
  await page.goto(url)
  const interaction = page.url()
  await page.goto(redirect_uri)
  await page.setContent(`<iframe src="${dev.issuer}/device"></iframe>`)
  await page.waitForTimeout(300)
  expect(await page.frames()[1]?.getByText('Sign in on a device').count()).toBe(0)
  // The same site, so the cookies go along.
  await page.setContent(
    `<form method="post" action="${interaction}"><button name="identity" value="user1">go</button></form>`,
  )
  await page.getByRole('button').click()
  await page.getByText('This form was sent by another page.').waitFor()
})

const HEADINGS = [
  'The local issuer',
  'Who do you want to be?',
  'Let authkit CLI act for you?',
  'Sign in on a device',
  'You are signed in',
  'Sign out?',
  'Still signed in',
  'You are signed out',
  "This can't go on",
  'There is nothing here',
]

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [320, 1280])
    withBrowser(`no page keeps anyone out: ${colorScheme}, ${width} pixels`, async (browser) => {
      const { page, complaints } = await openPage(browser, { colorScheme, viewport: { width, height: 700 } })
      const device = await oidc.initiateDeviceAuthorization(config, {
        scope: 'openid profile email offline_access x:y',
      })
      const submit = (name: RegExp) => page.getByRole('button', { name }).click()
      const seen: string[] = []
      const look = async () => {
        const heading = await page.locator('h1').innerText()
        seen.push(heading)
        expect([heading, await barriersOf(page)]).toEqual([heading, []])
      }
      const steps = [
        () => page.goto(dev.issuer),
        async () => page.goto((await beginSignIn(config, { redirect_uri })).url),
        () =>
          page
            .getByLabel('Someone else')
            .fill('- -')
            .then(() => submit(/^Sign in$/)),
        () => submit(/Eve/),
        () => page.goto(`${dev.issuer}/device`),
        () =>
          page
            .getByLabel('Code')
            .fill('WRONG')
            .then(() => submit(/Go on/)),
        () => page.goto(device.verification_uri_complete as string),
        () => submit(/Yes, go on/),
        () => submit(/Eve/),
        () => submit(/Allow/),
        () => page.goto(dev.issuer),
        () => page.goto(`${dev.issuer}/sign-out`),
        () => submit(/Stay signed in/),
        () => page.goto(`${dev.issuer}/sign-out`),
        () => submit(/Sign out/),
        () => page.goto(`${dev.issuer}/authorize?client_id=unknown`),
        () => page.goto(`${dev.issuer}/nowhere`),
      ]
      for (const step of steps) {
        await step()
        await look()
      }
      expect([...new Set(seen)]).toEqual(HEADINGS)
      expect(complaints).toEqual([])
    })
