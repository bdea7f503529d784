import type { Finding } from './finding.js'
import type { Setup } from './setup.js'

/** What a check looks at, in the order of the report. */
export const SUBJECTS = ['project', 'provider', 'sign-in', 'tokens'] as const
export type Subject = (typeof SUBJECTS)[number]

/** One look at a set-up: a file of `checks/`; `npm run generate` lists it. */
export interface Check {
  /** Same as the file name. */
  readonly id: string
  readonly subject: Subject
  /** What holds when all is well. */
  readonly title: string
  /** Why it matters and how it is found out, in a few sentences: for docs/doctor.md. */
  readonly about: string
  /** Looks, changes nothing, and throws nothing on purpose. */
  look(setup: Setup): Promise<Finding | readonly Finding[]>
}
