import { execute as oclifExecute } from '@oclif/core/execute'

/** The entry of bin/run.js. `dir` is the URL of that file; oclif finds package.json from it. */
export async function execute(dir: string): Promise<void> {
  await oclifExecute({ dir })
}
