import { Queue, Worker } from 'bullmq'
import { JOBS_AT_ONCE, runPeer } from './protocol.js'

const connectionOf = url => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null }
}

await runPeer({
  async fill(url, jobs) {
    const queue = new Queue('noop', { connection: connectionOf(url) })
    for (let first = 0; first < jobs; first += JOBS_AT_ONCE) {
      const size = Math.min(JOBS_AT_ONCE, jobs - first)
      await queue.addBulk(
        Array.from({ length: size }, (_, n) => ({ name: 'noop', data: { n: first + n } })),
      )
    }
    await queue.close()
  },
  async prepare(url, onRun) {
    const connection = connectionOf(url)
    const queue = new Queue('noop', { connection })
    const worker = new Worker('noop', () => Promise.resolve(onRun()), {
      ...{ connection, concurrency: 200, autorun: false },
    })
    await worker.waitUntilReady()
    return {
      start() {
        worker.run()
        return Promise.resolve()
      },
      async unfinished() {
        const counts = await queue.getJobCounts('waiting', 'active', 'prioritized', 'delayed')
        return Object.values(counts).reduce((sum, each) => sum + each, 0)
      },
      async stop() {
        await worker.close(true)
        await queue.close()
      },
    }
  },
})
