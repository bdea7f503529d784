import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test as base } from 'vitest'
import {
  type OpenOptions,
  openProject,
  type Project,
  type ProjectState,
  type Reload,
} from '../../src/project/project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

/** A project in a folder of its own, and everything a test does to it. */
export interface TempProject {
  readonly root: string
  path(name: string): string
  write(files: Readonly<Record<string, string>>): Promise<void>
  open(options?: Partial<OpenOptions>, folder?: string): Promise<Watched>
}

/** An open project with its reloads, in order. */
export interface Watched extends Project {
  readonly reloads: readonly Reload[]
  /** Resolves with the first reload that no call has returned yet. */
  next(): Promise<Reload>
}

export const test = base.extend<{ project: TempProject }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants the pattern
  project: async ({}, use) => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'authkit-project-')))
    const opened: Watched[] = []
    const path = (name: string) => join(root, name)
    await use({
      root,
      path,
      async write(files) {
        for (const [name, content] of Object.entries(files)) {
          await mkdir(dirname(path(name)), { recursive: true })
          await writeFile(path(name), content)
        }
      },
      async open(options = {}, folder = root) {
        const project = watched(await openProject(folder, { authkitEntry: AUTHKIT_ENTRY, environment: {}, ...options }))
        opened.push(project)
        return project
      },
    })
    await Promise.all(opened.map((project) => project.close()))
    await rm(root, { recursive: true, force: true })
  },
})

function watched(project: Project): Watched {
  const reloads: Reload[] = []
  let taken = 0
  let arrived = () => {}
  project.onReload((reload) => {
    reloads.push(reload)
    arrived()
  })
  return {
    get state() {
      return project.state
    },
    onReload: project.onReload,
    close: project.close,
    reloads,
    async next() {
      while (reloads.length <= taken)
        await new Promise<void>((resolve) => {
          arrived = resolve
        })
      return reloads[taken++] as Reload
    },
  }
}

/** An auth file whose user is called by this name. */
export function authFile(identity: string, more = ''): string {
  return `import { Auth } from 'authkit'\n${more}\nexport const auth = new Auth().authenticate(() => '${identity}').on('threads', () => true)\n`
}

/** Whom the rules of a state take every caller for. */
export async function userOf(state: ProjectState): Promise<unknown> {
  if (state.kind === 'broken') throw state.error
  return await state.rules?.authenticate?.(new Request('http://localhost/'))
}

/** A package in node_modules. */
export function packageFiles(name: string, code: string): Record<string, string> {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({
      name,
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
    }),
    [`node_modules/${name}/index.js`]: code,
  }
}
