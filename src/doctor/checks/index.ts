// Written by `npm run generate`. A check is a file of this folder.
// biome-ignore-all assist/source/organizeImports: it is written in the order of the files
import type { Check } from '../check.js'
import { authEvents } from './auth.events.js'
import { authIssuer } from './auth.issuer.js'
import { authLoads } from './auth.loads.js'
import { devPort } from './dev.port.js'
import { envShadowed } from './env.shadowed.js'
import { issuerClock } from './issuer.clock.js'
import { issuerKeys } from './issuer.keys.js'
import { issuerPkce } from './issuer.pkce.js'
import { issuerReachable } from './issuer.reachable.js'
import { issuerSame } from './issuer.same.js'
import { loginAudience } from './login.audience.js'
import { loginClient } from './login.client.js'
import { loginRedirect } from './login.redirect.js'
import { loginScopes } from './login.scopes.js'
import { loginSecret } from './login.secret.js'
import { loginTarget } from './login.target.js'
import { nodeVersion } from './node.version.js'
import { profilesTokens } from './profiles.tokens.js'
import { projectConfig } from './project.config.js'
import { storeAnswers } from './store.answers.js'
import { tokenAccepted } from './token.accepted.js'
import { tokenKnown } from './token.known.js'
import { tokenValid } from './token.valid.js'

/** Everything that `authkit doctor` looks at. */
export const CHECKS: readonly Check[] = [
  authEvents,
  authIssuer,
  authLoads,
  devPort,
  envShadowed,
  issuerClock,
  issuerKeys,
  issuerPkce,
  issuerReachable,
  issuerSame,
  loginAudience,
  loginClient,
  loginRedirect,
  loginScopes,
  loginSecret,
  loginTarget,
  nodeVersion,
  profilesTokens,
  projectConfig,
  storeAnswers,
  tokenAccepted,
  tokenKnown,
  tokenValid,
]
