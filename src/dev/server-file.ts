import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Which server serves a project at the moment, as it stands in `.authkit/dev.json` of its folder. */
export interface ServerFile {
  readonly pid: number
  readonly url: string
}

/**
 * Says in the folder of a project which server serves it, so that `authkit login` finds it whatever its port. Where nothing
 * can be written there, nothing is.
 *
 * @returns Takes it back: only what this process wrote, and once.
 */
export function announceServer(root: string, server: ServerFile): () => void {
  const folder = join(root, '.authkit')
  const path = join(folder, 'dev.json')
  let made: string | undefined
  try {
    made = mkdirSync(folder, { recursive: true })
    // Whoever reads it must never read half of it.
    writeFileSync(`${path}.${server.pid}`, `${JSON.stringify(server)}\n`, { mode: 0o600 })
    renameSync(`${path}.${server.pid}`, path)
  } catch {
    return () => {}
  }
  return () => {
    try {
      const { pid } = JSON.parse(readFileSync(path, 'utf8')) as ServerFile
      if (pid !== server.pid) return
      rmSync(path)
      if (made !== undefined) rmdirSync(folder)
    } catch {
      // It is gone, or something else lies beside it: both are as they should be.
    }
  }
}
