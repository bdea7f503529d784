// Written by `npm run generate`. A check is a file in the folder of its family.
// biome-ignore-all assist/source/organizeImports: it is written in the order of the files
import type { Check } from '../check.js'
import { boundaryEmptyToken } from './boundary/boundary.empty-token.js'
import { boundaryInternalRoutes } from './boundary/boundary.internal-routes.js'
import { boundaryJunkToken } from './boundary/boundary.junk-token.js'
import { boundaryNearMiss } from './boundary/boundary.near-miss.js'
import { boundaryNoToken } from './boundary/boundary.no-token.js'
import { boundaryPrototypeKey } from './boundary/boundary.prototype-key.js'
import { boundaryProxyIdentity } from './boundary/boundary.proxy-identity.js'
import { boundaryPublicPrefix } from './boundary/boundary.public-prefix.js'
import { boundaryScheme } from './boundary/boundary.scheme.js'
import { boundaryStudioHeader } from './boundary/boundary.studio-header.js'
import { boundaryTokenElsewhere } from './boundary/boundary.token-elsewhere.js'
import { boundaryTwoTokens } from './boundary/boundary.two-tokens.js'
import { boundaryWebsocket } from './boundary/boundary.websocket.js'
import { collisionAssistant } from './collision/collision.assistant.js'
import { collisionIdForms } from './collision/collision.id-forms.js'
import { collisionRace } from './collision/collision.race.js'
import { collisionRun } from './collision/collision.run.js'
import { collisionSquat } from './collision/collision.squat.js'
import { collisionThread } from './collision/collision.thread.js'
import { collisionThreadSupersteps } from './collision/collision.thread.supersteps.js'
import { concurrencyAbort } from './concurrency/concurrency.abort.js'
import { concurrencyKeepAlive } from './concurrency/concurrency.keep-alive.js'
import { concurrencyLoad } from './concurrency/concurrency.load.js'
import { concurrencyRunIdentity } from './concurrency/concurrency.run-identity.js'
import { concurrencyStream } from './concurrency/concurrency.stream.js'
import { credentialDeletedUser } from './credential/credential.deleted-user.js'
import { credentialEndedSession } from './credential/credential.ended-session.js'
import { credentialKeysOther } from './credential/credential.keys-other.js'
import { credentialRevokedKey } from './credential/credential.revoked-key.js'
import { credentialRoleChange } from './credential/credential.role-change.js'
import { credentialSessionsOther } from './credential/credential.sessions-other.js'
import { spaceCross } from './credential/space.cross.js'
import { vaultFlowSwap } from './credential/vault.flow-swap.js'
import { vaultReadOther } from './credential/vault.read-other.js'
import { vaultUseOther } from './credential/vault.use-other.js'
import { assistantDelete } from './delete/assistant.delete.js'
import { assistantDeleteCascade } from './delete/assistant.delete.cascade.js'
import { cronDelete } from './delete/cron.delete.js'
import { deleteReplay } from './delete/delete.replay.js'
import { deleteResidue } from './delete/delete.residue.js'
import { runDelete } from './delete/run.delete.js'
import { threadDelete } from './delete/thread.delete.js'
import { httpCache } from './http/http.cache.js'
import { httpContentType } from './http/http.content-type.js'
import { httpCors } from './http/http.cors.js'
import { httpDuplicateParams } from './http/http.duplicate-params.js'
import { httpErrors } from './http/http.errors.js'
import { httpMethodOverride } from './http/http.method-override.js'
import { httpPath } from './http/http.path.js'
import { httpRewriteHeaders } from './http/http.rewrite-headers.js'
import { identityAtRest } from './identity/identity.at-rest.js'
import { identityAuthUser } from './identity/identity.auth-user.js'
import { identityContext } from './identity/identity.context.js'
import { identityHeader } from './identity/identity.header.js'
import { identityStoredConfig } from './identity/identity.stored-config.js'
import { identityUserId } from './identity/identity.user-id.js'
import { integrityResidue } from './integrity/integrity.residue.js'
import { integritySnapshot } from './integrity/integrity.snapshot.js'
import { jwtAlgConfusion } from './jwt/jwt.alg-confusion.js'
import { jwtAlgNone } from './jwt/jwt.alg-none.js'
import { jwtAudience } from './jwt/jwt.audience.js'
import { jwtClaimEdit } from './jwt/jwt.claim-edit.js'
import { jwtEmbeddedKey } from './jwt/jwt.embedded-key.js'
import { jwtExpired } from './jwt/jwt.expired.js'
import { jwtKid } from './jwt/jwt.kid.js'
import { assistantCount } from './list/assistant.count.js'
import { assistantSearch } from './list/assistant.search.js'
import { cronSearch } from './list/cron.search.js'
import { pageCursor } from './list/page.cursor.js'
import { pageHeaders } from './list/page.headers.js'
import { threadCount } from './list/thread.count.js'
import { threadSearch } from './list/thread.search.js'
import { threadSearchIds } from './list/thread.search.ids.js'
import { threadSearchMetadata } from './list/thread.search.metadata.js'
import { threadSearchOperators } from './list/thread.search.operators.js'
import { threadSearchValues } from './list/thread.search.values.js'
import { oracleBody } from './oracle/oracle.body.js'
import { oracleCreate } from './oracle/oracle.create.js'
import { oracleStatus } from './oracle/oracle.status.js'
import { oracleTiming } from './oracle/oracle.timing.js'
import { ownerAssistantCreate } from './owner/owner.assistant.create.js'
import { ownerJsonTricks } from './owner/owner.json-tricks.js'
import { ownerMissing } from './owner/owner.missing.js'
import { ownerRunCreate } from './owner/owner.run.create.js'
import { ownerThreadCreate } from './owner/owner.thread.create.js'
import { ownerThreadPatch } from './owner/owner.thread.patch.js'
import { ownerValueTypes } from './owner/owner.value-types.js'
import { assistantDerived } from './read/assistant.derived.js'
import { assistantRead } from './read/assistant.read.js'
import { assistantVersions } from './read/assistant.versions.js'
import { cronRead } from './read/cron.read.js'
import { runJoin } from './read/run.join.js'
import { runList } from './read/run.list.js'
import { runRead } from './read/run.read.js'
import { threadCopy } from './read/thread.copy.js'
import { threadHistory } from './read/thread.history.js'
import { threadRead } from './read/thread.read.js'
import { threadState } from './read/thread.state.js'
import { threadStateCheckpoint } from './read/thread.state.checkpoint.js'
import { storeAgentMemory } from './store/store.agent-memory.js'
import { storeDelete } from './store/store.delete.js'
import { storeGet } from './store/store.get.js'
import { storeGetEncoding } from './store/store.get.encoding.js'
import { storeNamespaces } from './store/store.namespaces.js'
import { storeNamespacesMatch } from './store/store.namespaces.match.js'
import { storePut } from './store/store.put.js'
import { storePutShape } from './store/store.put.shape.js'
import { storeSearch } from './store/store.search.js'
import { storeSearchEmptyPrefix } from './store/store.search.empty-prefix.js'
import { storeSearchFilter } from './store/store.search.filter.js'
import { storeSearchQuery } from './store/store.search.query.js'
import { storeSearchSeparator } from './store/store.search.separator.js'
import { storeSearchSibling } from './store/store.search.sibling.js'
import { storeSearchWildcard } from './store/store.search.wildcard.js'
import { streamDisconnect } from './stream/stream.disconnect.js'
import { streamFinished } from './stream/stream.finished.js'
import { streamParent } from './stream/stream.parent.js'
import { streamReplay } from './stream/stream.replay.js'
import { streamRunId } from './stream/stream.run-id.js'
import { streamTheft } from './stream/stream.theft.js'
import { streamThread } from './stream/stream.thread.js'
import { streamThreadEvents } from './stream/stream.thread-events.js'
import { streamV2Command } from './stream/stream.v2.command.js'
import { streamV2Squat } from './stream/stream.v2.squat.js'
import { streamV2State } from './stream/stream.v2.state.js'
import { streamWebsocket } from './stream/stream.websocket.js'
import { assistantLatest } from './write/assistant.latest.js'
import { assistantSystem } from './write/assistant.system.js'
import { assistantUpdate } from './write/assistant.update.js'
import { cronUpdate } from './write/cron.update.js'
import { runCancel } from './write/run.cancel.js'
import { runCreate } from './write/run.create.js'
import { runMultitask } from './write/run.multitask.js'
import { runResume } from './write/run.resume.js'
import { runStream } from './write/run.stream.js'
import { runWait } from './write/run.wait.js'
import { threadStateUpdate } from './write/thread.state.update.js'
import { threadUpdate } from './write/thread.update.js'
import { xrefBatch } from './xref/xref.batch.js'
import { xrefConfigThreadId } from './xref/xref.config.thread-id.js'
import { xrefCronAssistant } from './xref/xref.cron.assistant.js'
import { xrefCronThread } from './xref/xref.cron.thread.js'
import { xrefMetadataPointer } from './xref/xref.metadata-pointer.js'
import { xrefRunAssistant } from './xref/xref.run.assistant.js'
import { xrefRunCheckpoint } from './xref/xref.run.checkpoint.js'
import { xrefRunParent } from './xref/xref.run.parent.js'
import { xrefStateCheckpoint } from './xref/xref.state.checkpoint.js'
import { xrefStatelessAssistant } from './xref/xref.stateless.assistant.js'
import { xrefStatelessThreadId } from './xref/xref.stateless.thread-id.js'
import { xrefWebhook } from './xref/xref.webhook.js'

/** The suite: every check there is. */
export const CHECKS: readonly Check[] = [
  boundaryEmptyToken,
  boundaryInternalRoutes,
  boundaryJunkToken,
  boundaryNearMiss,
  boundaryNoToken,
  boundaryPrototypeKey,
  boundaryProxyIdentity,
  boundaryPublicPrefix,
  boundaryScheme,
  boundaryStudioHeader,
  boundaryTokenElsewhere,
  boundaryTwoTokens,
  boundaryWebsocket,
  collisionAssistant,
  collisionIdForms,
  collisionRace,
  collisionRun,
  collisionSquat,
  collisionThread,
  collisionThreadSupersteps,
  concurrencyAbort,
  concurrencyKeepAlive,
  concurrencyLoad,
  concurrencyRunIdentity,
  concurrencyStream,
  credentialDeletedUser,
  credentialEndedSession,
  credentialKeysOther,
  credentialRevokedKey,
  credentialRoleChange,
  credentialSessionsOther,
  spaceCross,
  vaultFlowSwap,
  vaultReadOther,
  vaultUseOther,
  assistantDelete,
  assistantDeleteCascade,
  cronDelete,
  deleteReplay,
  deleteResidue,
  runDelete,
  threadDelete,
  httpCache,
  httpContentType,
  httpCors,
  httpDuplicateParams,
  httpErrors,
  httpMethodOverride,
  httpPath,
  httpRewriteHeaders,
  identityAtRest,
  identityAuthUser,
  identityContext,
  identityHeader,
  identityStoredConfig,
  identityUserId,
  integrityResidue,
  integritySnapshot,
  jwtAlgConfusion,
  jwtAlgNone,
  jwtAudience,
  jwtClaimEdit,
  jwtEmbeddedKey,
  jwtExpired,
  jwtKid,
  assistantCount,
  assistantSearch,
  cronSearch,
  pageCursor,
  pageHeaders,
  threadCount,
  threadSearch,
  threadSearchIds,
  threadSearchMetadata,
  threadSearchOperators,
  threadSearchValues,
  oracleBody,
  oracleCreate,
  oracleStatus,
  oracleTiming,
  ownerAssistantCreate,
  ownerJsonTricks,
  ownerMissing,
  ownerRunCreate,
  ownerThreadCreate,
  ownerThreadPatch,
  ownerValueTypes,
  assistantDerived,
  assistantRead,
  assistantVersions,
  cronRead,
  runJoin,
  runList,
  runRead,
  threadCopy,
  threadHistory,
  threadRead,
  threadState,
  threadStateCheckpoint,
  storeAgentMemory,
  storeDelete,
  storeGet,
  storeGetEncoding,
  storeNamespaces,
  storeNamespacesMatch,
  storePut,
  storePutShape,
  storeSearch,
  storeSearchEmptyPrefix,
  storeSearchFilter,
  storeSearchQuery,
  storeSearchSeparator,
  storeSearchSibling,
  storeSearchWildcard,
  streamDisconnect,
  streamFinished,
  streamParent,
  streamReplay,
  streamRunId,
  streamTheft,
  streamThread,
  streamThreadEvents,
  streamV2Command,
  streamV2Squat,
  streamV2State,
  streamWebsocket,
  assistantLatest,
  assistantSystem,
  assistantUpdate,
  cronUpdate,
  runCancel,
  runCreate,
  runMultitask,
  runResume,
  runStream,
  runWait,
  threadStateUpdate,
  threadUpdate,
  xrefBatch,
  xrefConfigThreadId,
  xrefCronAssistant,
  xrefCronThread,
  xrefMetadataPointer,
  xrefRunAssistant,
  xrefRunCheckpoint,
  xrefRunParent,
  xrefStateCheckpoint,
  xrefStatelessAssistant,
  xrefStatelessThreadId,
  xrefWebhook,
]
