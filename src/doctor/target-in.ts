import { AuthkitError } from '../errors/authkit-error.js'
import type { Setup } from './setup.js'
import type { Target } from './target.js'

/** The sign-in that is looked at, for checks that have nothing to say where it is named wrongly: one check does. */
export async function targetIn({ target }: Pick<Setup, 'target'>): Promise<Target | undefined> {
  const found = await target()
  return found instanceof AuthkitError ? undefined : found
}
