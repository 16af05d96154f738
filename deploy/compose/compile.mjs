/**
 * Fills the cache of compiled code that NODE_COMPILE_CACHE names with all that the services load when
 * they start: run while the image is made, so that each start finds it.
 */

import { flushCompileCache } from 'node:module'

const root = new URL('../../', import.meta.url)
/** What a service loads only when it has its configuration. */
const LATER = [
  'packages/bus/src/kafka.ts',
  'packages/runtime/src/http/api-docs.ts',
  'services/executor/src/heartbeat-thread.ts',
]

/** @param {string} file */
const load = file => import(new URL(file, root).href)

for (const file of LATER) await load(file)
const { loadRegistry } = await load('services/executor/src/index.ts')
await loadRegistry()

// A program loads everything else, finds no configuration, says so, and does not start.
const say = console.error
console.error = () => {}
for (const name of ['auth', 'user', 'job', 'scheduler', 'executor'])
  await load(`services/${name}/src/main.ts`)
await load('apps/gateway/src/main.ts')
console.error = say

flushCompileCache()
process.exit(0)
