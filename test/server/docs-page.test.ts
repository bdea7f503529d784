import { expect } from 'vitest'
import { withBrowser } from '../support/browser.js'
import { serve } from '../support/server.js'

const server = await serve()

withBrowser('/docs shows every route, and asks no other host for anything', async (browser) => {
  const page = await browser.newPage()
  const asked: string[] = []
  const errors: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${server.url}/docs`)
  await page.getByText('/threads/{thread_id}/runs/wait').first().waitFor()
  expect(await page.locator('.opblock').count()).toBe(server.app.routes.length)
  expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).toEqual([])
  expect(errors).toEqual([])
})
