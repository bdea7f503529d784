import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/checks/index.js'

// Scripts have no types.
const { doctorIndex } = await import('../../scripts/generate.js' as string)
const { doctorPage } = await import('../../scripts/doctor-page.js' as string)
const RUN_IT = 'Run `npm run generate`.'

it('the list of checks is as npm run generate writes it', () => {
  expect(readFileSync('src/doctor/checks/index.ts', 'utf8'), RUN_IT).toBe(doctorIndex())
})

it('docs/doctor.md is as npm run generate writes it, with every check', () => {
  const page = readFileSync('docs/doctor.md', 'utf8')
  expect(page, RUN_IT).toBe(doctorPage())
  for (const { id } of CHECKS) expect(page).toContain(`**${id}**`)
})
