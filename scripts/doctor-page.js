// docs/doctor.md: src/doctor/doctor.md, and in it the list of the checks.
import { readFileSync } from 'node:fs'
import { SUBJECTS } from '../src/doctor/check.ts'
import { CHECKS } from '../src/doctor/checks/index.ts'

/** Where the list goes. */
const MARK = '<!-- checks -->'

/** The text of docs/doctor.md. */
export function doctorPage() {
  const text = readFileSync(new URL('../src/doctor/doctor.md', import.meta.url), 'utf8')
  return text.replace(MARK, SUBJECTS.map(section).join('\n\n'))
}

function section(subject) {
  const checks = CHECKS.filter((check) => check.subject === subject)
  return [`### ${subject}`, ...checks.map(({ id, title, about }) => `**${id}**: ${title}. ${about}`)].join('\n\n')
}
