import { prepareModuleLoaders } from '../project/bundle.js'

/** Starts what takes its time in another process, so that this one can read the code of the server meanwhile. */
export function prepareDev(): void {
  void prepareModuleLoaders()
}
