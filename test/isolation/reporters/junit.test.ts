import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { junitReport } from '../../../src/isolation/reporters/junit.js'
import { eventsOf, evidence, hostileEvents, mixedEvents, open, result } from '../support/events.js'

const XSD = 'test/isolation/support/schemas/junit.xsd'
const xmllint = spawnSync('xmllint', ['--version']).error === undefined

/** Throws what is wrong with it. Skipped where there is no xmllint, a failure in CI. */
const valid = (name: string, make: () => string) =>
  (xmllint || process.env['CI'] ? it : it.skip)(
    `${name} is valid (needs xmllint: apt-get install libxml2-utils)`,
    () => {
      const { status, stderr, error } = spawnSync('xmllint', ['--noout', '--schema', XSD, '-'], {
        input: make(),
        encoding: 'utf8',
      })
      expect(error).toBeUndefined()
      expect(stderr).toBe('- validates\n')
      expect(status).toBe(0)
    },
  )

const both = { openIsError: true }

describe('against the schema of Jenkins', () => {
  valid('a run with everything in it', () => junitReport(mixedEvents(), both))
  valid('a run with hostile texts', () => junitReport(hostileEvents(), both))
  valid('a run without a result', () => junitReport(eventsOf([]), both))
  valid('the schema catches: a run without counts', () => {
    const wrong = junitReport(mixedEvents(), both).replace(/ tests="\d+"/g, '')
    const { stderr } = spawnSync('xmllint', ['--noout', '--schema', XSD, '-'], { input: wrong, encoding: 'utf8' })
    expect(stderr).toContain("The attribute 'tests' is required")
    return junitReport(mixedEvents(), both)
  })
})

describe('what it says', () => {
  const xml = junitReport(mixedEvents(), both)

  it('is a suite a family and a case for each check and attacker', () => {
    expect(xml).toContain('<testsuite name="isolation.read" tests="2" failures="1" errors="0"')
    expect(xml).toContain('<testcase name="thread.read@nobody" classname="isolation.read" time="0.012"/>')
    expect(xml).toMatch(/<testsuites name="[^"]*" tests="7" failures="2" errors="1"/)
  })

  it('shows a leak as a failure with its evidence, its curl line and its fix', () => {
    expect(xml).toContain('<failure message="Bob read Alice&#39;s thread" type="leak">')
    expect(xml).toContain('saw     thread.metadata at metadata.secret: &quot;isoaaaa')
    expect(xml).toContain('repeat  curl &#39;http://127.0.0.1:2024/threads/')
    expect(xml).toContain('fix     in auth.ts, let threads:read')
  })

  it('shows a known leak as skipped, with its reason', () => {
    expect(xml).toMatch(/<skipped>accepted leak: Bob found .*Dana, until 2099-01-31/)
  })

  it.each([
    [true, '<error message="no answer in time" type="inconclusive">'],
    [false, '<skipped>inconclusive: no answer in time'],
  ])('shows what is open as the exit code has it (%s)', (openIsError, expected) => {
    expect(junitReport(eventsOf([result('store.get', open())]), { openIsError })).toContain(expected)
  })

  it('is not without failures when the suite ended before its checks', () => {
    const stop = { id: 'control.alice', message: 'Her token is refused.', advice: 'Check it.', evidence: [] }
    expect(junitReport(eventsOf([], { stop }), both)).toContain('<error message="Her token is refused."')
    const seen = { ...stop, evidence: [evidence()] }
    expect(junitReport(eventsOf([], { stop: seen }), both)).toContain('<failure message="Her token is refused."')
  })
})
