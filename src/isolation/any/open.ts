import { AuthkitError } from '../../errors/authkit-error.js'
import { type Credentials, createCredentials } from '../actor.js'
import { lookalike } from '../canary.js'
import { chooseTokens, type GivenTokens, parseTarget } from '../target.js'
import { EMPTY_CONFIG, readConfig, readExamples } from './config.js'
import { createHeaderCredentials } from './credentials.js'
import { readHar } from './har.js'
import { createInput, type Input } from './input.js'
import { readOpenApi, type Specification } from './openapi.js'

/** What was given on the command line. */
export interface AnyFiles {
  readonly url?: string | undefined
  readonly har?: string | undefined
  readonly harBob?: string | undefined
  readonly openapi?: string | undefined
  readonly as?: string | undefined
  readonly config?: string | undefined
  readonly tokens: GivenTokens
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Reads all files of a run against any API, before anything is sent. Throws `usage`, in one sentence, for what is wrong
 * with one of them.
 */
export function openAny(files: AnyFiles): { target: URL; input: Input; credentials: Credentials } {
  const config = files.config === undefined ? EMPTY_CONFIG : readConfig(files.config)
  const examples = files.as === undefined ? undefined : readExamples(files.as)
  const specification = files.openapi === undefined ? undefined : readOpenApi(files.openapi)
  const alice = files.har === undefined ? undefined : readHar(files.har, '--har')
  const bob = files.harBob === undefined ? undefined : readHar(files.harBob, '--har-bob')
  const target = targetOf(files.url, specification, alice?.requests[0]?.url)
  const input = createInput({ target, config, alice, bob, specification, examples })
  const credentials = config.credentials
    ? createHeaderCredentials(config.credentials, files.env)
    : credentialsFromTokens(target, files.tokens)
  return { target, input, credentials }
}

function credentialsFromTokens(target: URL, given: GivenTokens): Credentials {
  const tokens = chooseTokens(target, given)
  return createCredentials({ tokens, junk: lookalike(tokens.alice) })
}

/** `--url`, with the path of the first server where it has none; else that server, or where the recording was made. */
function targetOf(url: string | undefined, specification: Specification | undefined, recorded: URL | undefined): URL {
  const server = specification?.server
  if (url !== undefined) {
    const target = parseTarget(url)
    const path = server === undefined ? '/' : URL.canParse(server) ? new URL(server).pathname : server
    return target.pathname === '/' && path.startsWith('/') ? new URL(path, target) : target
  }
  if (server !== undefined && URL.canParse(server)) return parseTarget(server)
  if (recorded) return new URL(recorded.origin)
  throw new AuthkitError(
    'usage',
    'Nothing says where the API is: there is no --url, and no server in the specification.',
    {
      hint: 'Give the address of the API, such as --url http://127.0.0.1:3000.',
    },
  )
}
