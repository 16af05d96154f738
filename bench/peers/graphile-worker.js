import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import { JOBS_AT_ONCE, runPeer } from './protocol.js'

const logger = new Logger(() => () => {})

await runPeer({
  async fill(url, jobs) {
    const utils = await makeWorkerUtils({ connectionString: url, logger })
    await utils.migrate()
    for (let first = 0; first < jobs; first += JOBS_AT_ONCE) {
      const size = Math.min(JOBS_AT_ONCE, jobs - first)
      await utils.addJobs(
        Array.from({ length: size }, (_, n) => ({ identifier: 'noop', payload: { n: first + n } })),
      )
    }
    await utils.release()
  },
  async prepare(url, onRun) {
    const pool = new pg.Pool({ connectionString: url, max: 25 })
    pool.on('error', error => console.error(error))
    pool.on('connect', client => client.on('error', error => console.error(error)))
    await Promise.all(Array.from({ length: 25 }, () => pool.query('select')))
    let runner
    return {
      async start() {
        runner = await run({
          pgPool: pool,
          taskList: { noop: () => onRun() },
          preset: {
            worker: {
              ...{ concurrentJobs: 24, maxPoolSize: 25, localQueue: { size: 500 }, logger },
              ...{ completeJobBatchDelay: 0, failJobBatchDelay: 0, pollInterval: 500 },
            },
          },
        })
      },
      async unfinished() {
        const { rows } = await pool.query(
          'select count(*)::int as count from graphile_worker._private_jobs',
        )
        return rows[0].count
      },
      async stop() {
        await runner?.stop()
        await pool.end()
      },
    }
  },
})
