/** `npm test`: sets up what is missing, then checks everything; `npm test -- <part>` checks a part. */

import { join } from 'node:path'
import { runChild } from './run-child.mjs'
import { ROOT, runCommand, setUp } from './setup.mjs'

await runCommand(async () => {
  const node = await setUp()
  return runChild(node, [join(ROOT, 'tools/verify/main.ts'), ...process.argv.slice(2)])
})
