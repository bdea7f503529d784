import type { AnyCheck } from '../any-check.js'
import { anyFunctions } from './any.functions.js'
import { anyIdSwap } from './any.id-swap.js'
import { anyList } from './any.list.js'
import { anyProperties } from './any.properties.js'
import { anyReplayBob } from './any.replay.bob.js'
import { anyReplayNobody } from './any.replay.nobody.js'
import { anyUndeclaredMethod } from './any.undeclared-method.js'
import { anyWrite } from './any.write.js'

/** The checks of the any-API mode. A test holds the list to the files. */
export const ANY_CHECKS: readonly AnyCheck[] = [
  anyFunctions,
  anyIdSwap,
  anyList,
  anyProperties,
  anyReplayBob,
  anyReplayNobody,
  anyUndeclaredMethod,
  anyWrite,
]
