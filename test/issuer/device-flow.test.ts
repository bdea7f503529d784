import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { devicePolling, POLLING_INTERVAL } from '../../src/issuer/device-polling.js'
import { createPerson, type Page, type Person, SCOPE, type Started, test } from './issuer.js'

/** Enters the code as a person would, by hand or through the link, up to the question who they are. */
async function enter(person: Person, { device, link }: { device: oidc.DeviceAuthorizationResponse; link: boolean }) {
  const page = await person.open(link ? (device.verification_uri_complete as string) : device.verification_uri)
  return person.submit(page, { user_code: device.user_code })
}

async function poll(config: oidc.Configuration, device: oidc.DeviceAuthorizationResponse) {
  const ask = () =>
    oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', {
      device_code: device.device_code,
    })
  return ask().then(
    () => 'tokens',
    (error: { error?: string }) => error.error ?? String(error),
  )
}

async function begin(dev: Started, scope = SCOPE) {
  const config = await dev.client()
  return { config, device: await oidc.initiateDeviceAuthorization(config, { scope }), person: createPerson() }
}

describe('signing in by a code on another device', () => {
  for (const link of [false, true])
    test(`gives tokens, with the code ${link ? 'in the link' : 'typed'}`, async ({ dev }) => {
      const { config, device, person } = await begin(dev)
      expect(device).toMatchObject({ interval: POLLING_INTERVAL, verification_uri: `${dev.issuer}/device` })
      expect(device.user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/)
      expect(await poll(config, device)).toBe('authorization_pending')
      const consent = await person.submit(await enter(person, { device, link }), { identity: 'user1' })
      expect(consent.text).toContain(device.user_code)
      const done = await person.submit(consent, { allow: 'yes' })
      expect([done.status, done.heading]).toEqual([200, 'You are signed in'])
      const tokens = await oidc.pollDeviceAuthorizationGrant(config, device)
      expect(tokens.claims()).toMatchObject({ sub: 'user1', name: 'Alice' })
      expect(tokens.refresh_token).toBeDefined()
      expect(await poll(config, device)).toBe('invalid_grant')
    })

  test('shows the code of the link, and submits nothing by itself', async ({ dev }) => {
    const { config, device, person } = await begin(dev)
    const page = await person.open(device.verification_uri_complete as string)
    expect(page.text).toContain(`value="${device.user_code}"`)
    expect(page.text).not.toContain('<script')
    expect(await poll(config, device)).toBe('authorization_pending')
  })

  test('escapes what a link brings along', async ({ dev }) => {
    const { text } = await createPerson().open(`${dev.issuer}/device?user_code=%22%3E%3Cb%3E`)
    expect(text).toContain('value="&quot;&gt;&lt;b&gt;"')
  })

  test('tells the device that it was cancelled, at either question', async ({ dev }) => {
    for (const until of ['who', 'consent']) {
      const { config, device, person } = await begin(dev)
      let page: Page = await enter(person, { device, link: false })
      if (until === 'consent') page = await person.submit(page, { identity: 'user1' })
      const { heading } = await person.submit(page, { cancel: 'yes' })
      expect([heading, await poll(config, device)]).toEqual(['Cancelled', 'access_denied'])
    }
  })

  for (const [what, code, said] of [
    ['no code', '', 'Enter the code'],
    ['a code that nobody has', 'AAAA-BBBB', 'There is no such code'],
  ] as const)
    test(`asks again for ${what}`, async ({ dev }) => {
      const person = createPerson()
      const again = await person.submit(await person.open(`${dev.issuer}/device`), { user_code: code })
      expect([again.status, again.heading]).toEqual([200, 'Sign in on a device'])
      expect(again.text).toContain(said)
    })

  test('takes a code once', async ({ dev }) => {
    const { device, person } = await begin(dev)
    await enter(person, { device, link: false })
    expect((await enter(createPerson(), { device, link: false })).text).toContain('was used already')
  })

  test('refuses a form that another page made', async ({ dev }) => {
    const { device, person } = await begin(dev)
    await person.open(device.verification_uri)
    const forged = await createPerson().submit(await createPerson().open(device.verification_uri), {
      user_code: device.user_code,
    })
    expect(forged.text).not.toContain('Who do you want to be?')
  })

  test('slows down a device that asks too often', async ({ dev }) => {
    const { config, device } = await begin(dev)
    const answers = await Promise.all([1, 2, 3].map(() => poll(config, device)))
    expect(answers).toContain('slow_down')
  })
})

describe('how often a device may ask', () => {
  const asked = async (times: readonly number[]) => {
    let now = 0
    const polling = devicePolling(() => now)
    const answers: unknown[] = []
    for (const time of times) {
      now = time
      const oidc = { route: 'token', params: { device_code: 'code' } }
      const ctx = { oidc, body: { error: 'authorization_pending' } }
      await polling(ctx as never, async () => undefined)
      answers.push(ctx.body.error)
    }
    return answers
  }

  test('is every two seconds, give or take a timer', async () => {
    const [pending, slow] = ['authorization_pending', 'slow_down']
    expect(await asked([0, 2, 3.6, 5])).toEqual([pending, pending, pending, slow])
    expect(await asked([0, 1, 2, 4])).toEqual([pending, slow, slow, pending])
  })
})
