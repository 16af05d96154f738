import { isMainThread, Worker } from 'node:worker_threads'

/* Says what time it is, in the process and in a thread of it. */

console.log(Date.now(), Date.parse(new Date().toISOString()))
if (isMainThread) new Worker(new URL(import.meta.url))
