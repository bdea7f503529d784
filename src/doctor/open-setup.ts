import { setTimeout as after } from 'node:timers/promises'
import { AuthkitError } from '../errors/authkit-error.js'
import { authkitHome } from '../login/home.js'
import { openLogins } from '../login/logins.js'
import { defaultOf } from '../login/profiles/profile-list.js'
import { chooseStore } from '../login/store/choose-store.js'
import { openKeychain } from '../login/store/keychain.js'
import { openTokenFiles } from '../login/store/token-files.js'
import { type ConfigReading, inspectConfig } from '../project/config.js'
import { openProject, type ProjectState } from '../project/project.js'
import { askAuthorizations } from './authorizations.js'
import { lookAtPort } from './dev-port.js'
import { discover } from './discovery.js'
import { once } from './once.js'
import type { Setup } from './setup.js'
import { type Named, targetOf } from './target.js'
import { openWeb } from './web.js'

export interface SetupOptions {
  /** The folder of the project. */
  readonly root: string
  /** langgraph.json under another name or path. */
  readonly configFile?: string | undefined
  /** What `import "authkit"` means in auth.ts. */
  readonly authkitEntry: string
  readonly flags: Named
  /** The profile to look at; undefined takes the default. */
  readonly profile?: string | undefined
  readonly port: number
  /** How long anything that is asked has to answer, in milliseconds. */
  readonly timeoutMs: number
  /** As the shell gave it. The variables of .env are put into it while auth.ts loads. */
  readonly environment?: NodeJS.ProcessEnv
  readonly nodeVersion?: string
  readonly fetch?: typeof fetch
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Opens what checks look at. Nothing is read before it is asked for. */
export function openSetup({
  root,
  configFile,
  authkitEntry,
  flags,
  profile: profileName,
  port,
  timeoutMs,
  environment = process.env,
  nodeVersion = process.versions.node,
  fetch: send = fetch,
  now = Date.now,
}: SetupOptions): Setup {
  const shell = { ...environment }
  const web = openWeb({ fetch: send, now, timeoutMs })
  const logins = openLogins({ environment, now })

  async function openState(): Promise<ProjectState> {
    const opened = await openProject(root, { configFile, authkitEntry, environment, watch: false })
    const { state } = opened
    await opened.close()
    return state
  }

  const config = once(async (): Promise<ConfigReading> => {
    try {
      return await inspectConfig(root, { configFile })
    } catch (error) {
      // A folder that is not there has nothing else to say either.
      if (error instanceof AuthkitError) return { root, config: undefined, error, inputs: new Map() }
      throw error
    }
  })
  const project = once(() => loaded(openState(), timeoutMs))
  const devPort = once(() => lookAtPort(port, web))
  const profiles = once(() => logins.list())
  const login = once(async () => {
    try {
      const list = await profiles()
      if (profileName === undefined && list.profiles.length === 0) return undefined
      return await logins.open(profileName)
    } catch (error) {
      if (error instanceof AuthkitError) return error
      throw error
    }
  })
  const target = once(async () => {
    const [{ config: read }, list, at] = await Promise.all([config(), profiles().catch(() => undefined), devPort()])
    const profile =
      profileName === undefined ? list && defaultOf(list) : list?.profiles.find(({ name }) => name === profileName)
    const localIssuer = at.kind === 'server' ? at.issuer : undefined
    try {
      return targetOf({ flags, project: read?.authkit.login, profile, localIssuer })
    } catch (error) {
      if (error instanceof AuthkitError) return error
      throw error
    }
  })
  const named = async () => {
    const found = await target()
    return found instanceof AuthkitError ? undefined : found
  }
  const discovery = once(async () => {
    const issuer = (await named())?.issuer
    return issuer === undefined ? undefined : await discover(issuer, web)
  })
  const authorizations = once(async () => {
    const found = await named()
    return found && (await askAuthorizations(found, await discovery(), web))
  })
  const clientSecret = once(async () => {
    const given = shell['AUTHKIT_CLIENT_SECRET'] || (await config()).config?.env['AUTHKIT_CLIENT_SECRET']
    if (given) return given
    const [found, opened] = [await named(), await login()]
    if (!opened || opened instanceof AuthkitError) return undefined
    return opened.profile.clientId === found?.clientId ? opened.login.secrets.clientSecret : undefined
  })

  return {
    nodeVersion,
    shell,
    config,
    project,
    devPort,
    target,
    clientSecret,
    discovery,
    authorizations,
    logins,
    profiles,
    login,
    store() {
      const kind = chooseStore(undefined, environment)
      return kind === 'file'
        ? openTokenFiles({ home: authkitHome(environment), environment })
        : openKeychain({ environment })
    },
    web,
    fetch: send,
    now,
  }
}

/** What is still loading then is broken: nothing says that its top-level await will ever end. */
async function loaded(state: Promise<ProjectState>, ms: number): Promise<ProjectState> {
  const timer = new AbortController()
  const tooLong = after(ms, undefined, { signal: timer.signal }).then((): ProjectState => {
    const error = new AuthkitError('auth_file_broken', `auth.ts is still loading after ${ms / 1000} s.`, {
      hint: 'Look for a top-level await in it, or in what it imports, that never ends.',
    })
    return { kind: 'broken', error, config: undefined }
  })
  tooLong.catch(() => undefined)
  try {
    return await Promise.race([state, tooLong])
  } finally {
    timer.abort()
  }
}
