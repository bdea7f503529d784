import type { AuthkitError } from '../errors/authkit-error.js'
import type { Logins, OpenLogin } from '../login/logins.js'
import type { Profiles } from '../login/profiles/profile-list.js'
import type { TokenStore } from '../login/store/token-store.js'
import type { ConfigReading } from '../project/config.js'
import type { ProjectState } from '../project/project.js'
import type { Authorization } from './authorizations.js'
import type { DevPort } from './dev-port.js'
import type { Discovery } from './discovery.js'
import type { Target } from './target.js'
import type { Web } from './web.js'

/** What checks look at. Nothing of it is read before a check asks, and then once. */
export interface Setup {
  readonly nodeVersion: string
  /** As the shell gave it, before .env. */
  readonly shell: Readonly<NodeJS.ProcessEnv>
  /** langgraph.json and .env. */
  readonly config: () => Promise<ConfigReading>
  /** auth.ts, loaded. */
  readonly project: () => Promise<ProjectState>
  /** The port that `authkit dev` would take. */
  readonly devPort: () => Promise<DevPort>
  /** The sign-in that is looked at; an error where it is named wrongly. */
  readonly target: () => Promise<Target | AuthkitError | undefined>
  /** Of the application that is looked at, if it has one. */
  readonly clientSecret: () => Promise<string | undefined>
  /** What the issuer of the target publishes; undefined where there is none to ask. */
  readonly discovery: () => Promise<Discovery | undefined>
  /** How the provider takes the beginning of a sign-in, a callback each; undefined where none can be begun. */
  readonly authorizations: () => Promise<readonly Authorization[] | undefined>
  readonly logins: Pick<Logins, 'list' | 'open'>
  readonly profiles: () => Promise<Profiles>
  /** The sign-in of the profile that is looked at, or why it can't be had. Undefined where nobody is signed in. */
  readonly login: () => Promise<OpenLogin | AuthkitError | undefined>
  /** Where a new sign-in would put its tokens. Throws `usage` where that is no store. */
  readonly store: () => TokenStore
  readonly web: Web
  readonly fetch: typeof fetch
  /** Milliseconds since 1970. */
  readonly now: () => number
}
