import * as z from 'zod'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Thread } from '../storage/storage.js'
import { optional } from './schemas.js'

/** Reads parts of one thread, by alias. What is not there is null. */
export type Extraction = (thread: Thread) => Record<string, unknown>

/** The columns that paths may begin with. */
const ROOTS = ['values', 'metadata', 'config', 'interrupts'] as const

/** More would be as much as the whole thread. */
const MAX_PATHS = 10

const MAX_PATH_LENGTH = 1000

/** Deeper than any body that the server takes. */
const MAX_STEPS = 200

/** What the parts of all threads may take as JSON: ten paths to the whole thread would be ten times a page. */
const MAX_BYTES = 32_000_000

type Step = string | number

/**
 * `extract` of a search: up to ten aliases, each with a path such as `values.messages[-1].content`. Names are separated by
 * dots; a number in brackets is an index of a list, from its end where it is negative.
 *
 * @example
 * extraction.parse({ last: 'values.messages[-1].content' })?.(thread) // { last: 'hello' }
 */
export const extraction = optional(
  z
    .record(z.string().min(1).max(200), z.string().max(MAX_PATH_LENGTH))
    .refine((paths) => Object.keys(paths).length <= MAX_PATHS, `must not have more than ${MAX_PATHS} paths`)
    .transform((paths, context): Extraction => {
      const read = Object.entries(paths).map(([alias, path]) => {
        const steps = stepsOf(path)
        if (!steps) {
          const message = `must be a path such as values.messages[-1].content, beginning with ${ROOTS.join(', ')}`
          context.addIssue({ code: 'custom', path: [alias], message })
        }
        return [alias, steps ?? []] as const
      })
      let bytes = 0
      const sized = (part: unknown) => {
        bytes += Buffer.byteLength(JSON.stringify(part))
        if (bytes > MAX_BYTES) {
          throw new AuthkitError(
            'invalid_request',
            'extract: takes too much of these threads; ask for less, or for fewer',
          )
        }
        return part
      }
      return (thread) => Object.fromEntries(read.map(([alias, steps]) => [alias, sized(partOf(thread, steps))]))
    }),
).meta({ type: 'object', additionalProperties: { type: 'string' } })

/** The path in steps; undefined where it is none. */
function stepsOf(path: string): Step[] | undefined {
  // Zod goes on after a length that is wrong.
  if (path.length > MAX_PATH_LENGTH) return undefined
  if (!/^[^.[\]]+(\.[^.[\]]+|\[-?\d{1,9}\])*$/.test(path)) return undefined
  const steps = [...path.matchAll(/\[(-?\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index ? Number(index) : name))
  return steps.length <= MAX_STEPS && ROOTS.some((root) => root === steps[0]) ? steps : undefined
}

function partOf(thread: Thread, steps: readonly Step[]): unknown {
  let part: unknown = thread
  for (const step of steps) {
    if (typeof part !== 'object' || part === null) return null
    // Only what the row holds: names such as `constructor` are found in every object.
    if (typeof step === 'number') part = Array.isArray(part) ? part.at(step) : undefined
    else part = !Array.isArray(part) && Object.hasOwn(part, step) ? (part as Record<string, unknown>)[step] : undefined
  }
  return part ?? null
}
