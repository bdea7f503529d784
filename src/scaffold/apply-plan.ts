import { randomUUID } from 'node:crypto'
import { access, chmod, constants, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AuthkitError } from '../errors/authkit-error.js'
import { type Plan, readText } from './plan.js'

/**
 * Carries out a plan. Every file is written beside its place first and moved there only when all of them could be written,
 * so a full disk or a missing permission leaves the project as it was, and nobody ever reads half a file. A file that is
 * replaced keeps its mode, and a symbolic link stays one.
 *
 * @throws AuthkitError `config_exists` where a file has changed since the plan was made, `not_writable` where the system
 *   refuses.
 */
export async function applyPlan({ root, steps }: Plan): Promise<void> {
  const writes = steps.filter((step) => step.action !== 'keep')
  for (const { path, before } of writes) {
    if ((await readText(root, path)) === before) continue
    throw new AuthkitError('config_exists', `${path} has just been changed by someone else. Nothing was written.`, {
      hint: 'Run the command again.',
    })
  }
  const prepared: Prepared[] = []
  let at = ''
  try {
    for (const step of writes) {
      at = step.path
      const file = await placeOf(join(root, step.path), step.before)
      const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
      prepared.push({ path: step.path, file, temporary })
      await write(temporary, step.content, step.before === undefined ? undefined : (await stat(file)).mode)
    }
    for (const { path, file, temporary } of prepared) {
      at = path
      await rename(temporary, file)
    }
  } catch (cause) {
    await Promise.all(prepared.map(({ temporary }) => rm(temporary, { force: true }).catch(() => undefined)))
    const { code } = cause as NodeJS.ErrnoException
    throw new AuthkitError('not_writable', `${join(root, at)} can't be written${code ? ` (${code})` : ''}.`, { cause })
  }
}

interface Prepared {
  readonly path: string
  readonly file: string
  readonly temporary: string
}

/** Where a file really stands: behind links where there is one already, in a folder that exists where there is none. */
async function placeOf(file: string, before: string | undefined): Promise<string> {
  if (before === undefined) {
    await mkdir(dirname(file), { recursive: true })
    return file
  }
  const place = await realpath(file)
  // A rename asks only the folder. Whoever made the file read-only wanted it to stay as it is.
  await access(place, constants.W_OK)
  return place
}

async function write(file: string, content: string, mode: number | undefined): Promise<void> {
  // Never more open than the file it replaces, not even for a moment.
  await writeFile(file, content, { flag: 'wx', ...(mode === undefined ? {} : { mode: mode & 0o600 }) })
  if (mode !== undefined) await chmod(file, mode & 0o7777)
}
