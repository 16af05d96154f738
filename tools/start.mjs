#!/usr/bin/env node
/**
 * `npm start`, `npx cronos`: sets up what is missing, then runs all of Cronos in one process;
 * `npm run verify`, `npx cronos verify`: the same, and verifies what it did.
 */

import { join } from 'node:path'
import { runChild } from './run-child.mjs'
import { ROOT, runCommand, setUp } from './setup.mjs'

/**
 * Five services in one process, with threads for heartbeats and rendering, stay small with a small
 * young generation and few arenas: 180 MB instead of 350 after a load of mails, and as punctual.
 */
const SMALL_HEAP = '--max-semi-space-size=4'
const FEW_ARENAS = { MALLOC_ARENA_MAX: '2' }
/**
 * What a start compiles is kept for the next, with the types already stripped: it takes half the CPU
 * time and, since what strips types is not loaded, 20 MB less, and 30 less in a thread.
 */
const KEPT_CODE = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/cronos') }

await runCommand(async () => {
  const [command = 'start', ...args] = process.argv.slice(2)
  if (command !== 'start' && command !== 'verify') {
    console.error(`cronos: the command must be start or verify, got ${command}`)
    return 2
  }
  const node = await setUp()
  return command === 'verify'
    ? runChild(node, [join(ROOT, 'apps/cronos/src/verify/main.ts'), ...args])
    : runChild(node, [SMALL_HEAP, join(ROOT, 'apps/cronos/src/main.ts')], {
        ...FEW_ARENAS,
        ...KEPT_CODE,
      })
})
