// Written by `npm run generate`. A check is a file in the folder of its family.
import type { Check } from '../check.js'
import { boundaryEmptyToken } from './boundary/boundary.empty-token.js'
import { boundaryInternalRoutes } from './boundary/boundary.internal-routes.js'
import { boundaryJunkToken } from './boundary/boundary.junk-token.js'
import { boundaryNearMiss } from './boundary/boundary.near-miss.js'
import { boundaryNoToken } from './boundary/boundary.no-token.js'
import { boundaryPrototypeKey } from './boundary/boundary.prototype-key.js'
import { boundaryProxyIdentity } from './boundary/boundary.proxy-identity.js'
import { boundaryStudioHeader } from './boundary/boundary.studio-header.js'
import { collisionAssistant } from './collision/collision.assistant.js'
import { collisionRun } from './collision/collision.run.js'
import { collisionThread } from './collision/collision.thread.js'
import { concurrencyAbort } from './concurrency/concurrency.abort.js'
import { concurrencyKeepAlive } from './concurrency/concurrency.keep-alive.js'
import { concurrencyLoad } from './concurrency/concurrency.load.js'
import { concurrencyRunIdentity } from './concurrency/concurrency.run-identity.js'
import { concurrencyStream } from './concurrency/concurrency.stream.js'
import { assistantDeleteCascade } from './delete/assistant.delete.cascade.js'
import { assistantDelete } from './delete/assistant.delete.js'
import { deleteReplay } from './delete/delete.replay.js'
import { deleteResidue } from './delete/delete.residue.js'
import { runDelete } from './delete/run.delete.js'
import { threadDelete } from './delete/thread.delete.js'
import { identityAuthUser } from './identity/identity.auth-user.js'
import { identityUserId } from './identity/identity.user-id.js'
import { integrityResidue } from './integrity/integrity.residue.js'
import { integritySnapshot } from './integrity/integrity.snapshot.js'
import { assistantCount } from './list/assistant.count.js'
import { assistantSearch } from './list/assistant.search.js'
import { threadCount } from './list/thread.count.js'
import { threadSearchIds } from './list/thread.search.ids.js'
import { threadSearch } from './list/thread.search.js'
import { threadSearchMetadata } from './list/thread.search.metadata.js'
import { oracleStatus } from './oracle/oracle.status.js'
import { ownerAssistantCreate } from './owner/owner.assistant.create.js'
import { ownerMissing } from './owner/owner.missing.js'
import { ownerRunCreate } from './owner/owner.run.create.js'
import { ownerThreadCreate } from './owner/owner.thread.create.js'
import { ownerThreadPatch } from './owner/owner.thread.patch.js'
import { assistantRead } from './read/assistant.read.js'
import { assistantVersions } from './read/assistant.versions.js'
import { runJoin } from './read/run.join.js'
import { runList } from './read/run.list.js'
import { runRead } from './read/run.read.js'
import { threadCopy } from './read/thread.copy.js'
import { threadHistory } from './read/thread.history.js'
import { threadRead } from './read/thread.read.js'
import { threadStateCheckpoint } from './read/thread.state.checkpoint.js'
import { threadState } from './read/thread.state.js'
import { storeDelete } from './store/store.delete.js'
import { storeGet } from './store/store.get.js'
import { storeNamespaces } from './store/store.namespaces.js'
import { storeNamespacesMatch } from './store/store.namespaces.match.js'
import { storePut } from './store/store.put.js'
import { storeSearchEmptyPrefix } from './store/store.search.empty-prefix.js'
import { storeSearch } from './store/store.search.js'
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
import { assistantUpdate } from './write/assistant.update.js'
import { runCancel } from './write/run.cancel.js'
import { runCreate } from './write/run.create.js'
import { runResume } from './write/run.resume.js'
import { runStream } from './write/run.stream.js'
import { runWait } from './write/run.wait.js'
import { threadStateUpdate } from './write/thread.state.update.js'
import { threadUpdate } from './write/thread.update.js'
import { xrefConfigThreadId } from './xref/xref.config.thread-id.js'
import { xrefRunAssistant } from './xref/xref.run.assistant.js'
import { xrefRunParent } from './xref/xref.run.parent.js'
import { xrefStateCheckpoint } from './xref/xref.state.checkpoint.js'
import { xrefStatelessAssistant } from './xref/xref.stateless.assistant.js'

/** The suite: every check there is. */
export const CHECKS: readonly Check[] = [
  boundaryEmptyToken,
  boundaryInternalRoutes,
  boundaryJunkToken,
  boundaryNearMiss,
  boundaryNoToken,
  boundaryPrototypeKey,
  boundaryProxyIdentity,
  boundaryStudioHeader,
  collisionAssistant,
  collisionRun,
  collisionThread,
  concurrencyAbort,
  concurrencyKeepAlive,
  concurrencyLoad,
  concurrencyRunIdentity,
  concurrencyStream,
  assistantDelete,
  assistantDeleteCascade,
  deleteReplay,
  deleteResidue,
  runDelete,
  threadDelete,
  identityAuthUser,
  identityUserId,
  integrityResidue,
  integritySnapshot,
  assistantCount,
  assistantSearch,
  threadCount,
  threadSearch,
  threadSearchIds,
  threadSearchMetadata,
  oracleStatus,
  ownerAssistantCreate,
  ownerMissing,
  ownerRunCreate,
  ownerThreadCreate,
  ownerThreadPatch,
  assistantRead,
  assistantVersions,
  runJoin,
  runList,
  runRead,
  threadCopy,
  threadHistory,
  threadRead,
  threadState,
  threadStateCheckpoint,
  storeDelete,
  storeGet,
  storeNamespaces,
  storeNamespacesMatch,
  storePut,
  storeSearch,
  storeSearchEmptyPrefix,
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
  assistantUpdate,
  runCancel,
  runCreate,
  runResume,
  runStream,
  runWait,
  threadStateUpdate,
  threadUpdate,
  xrefConfigThreadId,
  xrefRunAssistant,
  xrefRunParent,
  xrefStateCheckpoint,
  xrefStatelessAssistant,
]
