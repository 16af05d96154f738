/** `npm start`: sets up what is missing, then runs all of Cronos in one process. */

import { join } from 'node:path'
import { runChild } from './run-child.mjs'
import { ROOT, runCommand, setUp } from './setup.mjs'

await runCommand(async () => {
  const node = await setUp()
  return runChild(node, [join(ROOT, 'apps/cronos/src/main.ts'), ...process.argv.slice(2)])
})
