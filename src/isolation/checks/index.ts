import type { Check } from '../check.js'
import { assistantCount } from './assistant.count.js'
import { assistantDeleteCascade } from './assistant.delete.cascade.js'
import { assistantDelete } from './assistant.delete.js'
import { assistantLatest } from './assistant.latest.js'
import { assistantRead } from './assistant.read.js'
import { assistantSearch } from './assistant.search.js'
import { assistantUpdate } from './assistant.update.js'
import { assistantVersions } from './assistant.versions.js'
import { boundaryEmptyToken } from './boundary.empty-token.js'
import { boundaryInternalRoutes } from './boundary.internal-routes.js'
import { boundaryJunkToken } from './boundary.junk-token.js'
import { boundaryNearMiss } from './boundary.near-miss.js'
import { boundaryNoToken } from './boundary.no-token.js'
import { boundaryPrototypeKey } from './boundary.prototype-key.js'
import { boundaryProxyIdentity } from './boundary.proxy-identity.js'
import { boundaryStudioHeader } from './boundary.studio-header.js'
import { collisionAssistant } from './collision.assistant.js'
import { collisionRun } from './collision.run.js'
import { collisionThread } from './collision.thread.js'
import { deleteReplay } from './delete.replay.js'
import { deleteResidue } from './delete.residue.js'
import { identityAuthUser } from './identity.auth-user.js'
import { identityUserId } from './identity.user-id.js'
import { integrityResidue } from './integrity.residue.js'
import { integritySnapshot } from './integrity.snapshot.js'
import { oracleStatus } from './oracle.status.js'
import { ownerAssistantCreate } from './owner.assistant.create.js'
import { ownerMissing } from './owner.missing.js'
import { ownerRunCreate } from './owner.run.create.js'
import { ownerThreadCreate } from './owner.thread.create.js'
import { ownerThreadPatch } from './owner.thread.patch.js'
import { runCancel } from './run.cancel.js'
import { runCreate } from './run.create.js'
import { runDelete } from './run.delete.js'
import { runJoin } from './run.join.js'
import { runList } from './run.list.js'
import { runRead } from './run.read.js'
import { runResume } from './run.resume.js'
import { runStream } from './run.stream.js'
import { runWait } from './run.wait.js'
import { storeDelete } from './store.delete.js'
import { storeGet } from './store.get.js'
import { storeNamespaces } from './store.namespaces.js'
import { storeNamespacesMatch } from './store.namespaces.match.js'
import { storePut } from './store.put.js'
import { storeSearchEmptyPrefix } from './store.search.empty-prefix.js'
import { storeSearch } from './store.search.js'
import { storeSearchWildcard } from './store.search.wildcard.js'
import { streamFinished } from './stream.finished.js'
import { streamParent } from './stream.parent.js'
import { streamRunId } from './stream.run-id.js'
import { streamThread } from './stream.thread.js'
import { threadCopy } from './thread.copy.js'
import { threadCount } from './thread.count.js'
import { threadDelete } from './thread.delete.js'
import { threadHistory } from './thread.history.js'
import { threadRead } from './thread.read.js'
import { threadSearchIds } from './thread.search.ids.js'
import { threadSearch } from './thread.search.js'
import { threadSearchMetadata } from './thread.search.metadata.js'
import { threadStateCheckpoint } from './thread.state.checkpoint.js'
import { threadState } from './thread.state.js'
import { threadStateUpdate } from './thread.state.update.js'
import { threadUpdate } from './thread.update.js'
import { xrefConfigThreadId } from './xref.config.thread-id.js'
import { xrefRunAssistant } from './xref.run.assistant.js'
import { xrefRunParent } from './xref.run.parent.js'
import { xrefStateCheckpoint } from './xref.state.checkpoint.js'
import { xrefStatelessAssistant } from './xref.stateless.assistant.js'

/** The suite: every check there is. A test proves that this list and the folder are the same. */
export const CHECKS: readonly Check[] = [
  boundaryEmptyToken,
  boundaryInternalRoutes,
  boundaryJunkToken,
  boundaryNearMiss,
  boundaryNoToken,
  boundaryPrototypeKey,
  boundaryProxyIdentity,
  boundaryStudioHeader,
  threadCopy,
  threadCount,
  threadDelete,
  threadHistory,
  threadRead,
  threadSearch,
  threadSearchIds,
  threadSearchMetadata,
  threadState,
  threadStateCheckpoint,
  threadStateUpdate,
  threadUpdate,
  runCancel,
  runCreate,
  runDelete,
  runJoin,
  runList,
  runRead,
  runResume,
  runStream,
  runWait,
  assistantCount,
  assistantDelete,
  assistantDeleteCascade,
  assistantLatest,
  assistantRead,
  assistantSearch,
  assistantUpdate,
  assistantVersions,
  deleteReplay,
  deleteResidue,
  ownerAssistantCreate,
  ownerMissing,
  ownerRunCreate,
  ownerThreadCreate,
  ownerThreadPatch,
  collisionAssistant,
  collisionRun,
  collisionThread,
  xrefConfigThreadId,
  xrefRunAssistant,
  xrefRunParent,
  xrefStateCheckpoint,
  xrefStatelessAssistant,
  identityAuthUser,
  identityUserId,
  streamFinished,
  streamParent,
  streamRunId,
  streamThread,
  storeDelete,
  storeGet,
  storeNamespaces,
  storeNamespacesMatch,
  storePut,
  storeSearch,
  storeSearchEmptyPrefix,
  storeSearchWildcard,
  oracleStatus,
  integrityResidue,
  integritySnapshot,
]
