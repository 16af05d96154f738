import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { JOBS_AT_ONCE, runPeer } from './protocol.js'

const WORKERS = 2
const options = url => ({ connectionString: url, max: 10, supervise: false, schedule: false })

await runPeer({
  async fill(url, jobs) {
    const boss = new PgBoss(options(url))
    await boss.start()
    await boss.createQueue('noop')
    for (let first = 0; first < jobs; first += JOBS_AT_ONCE) {
      const size = Math.min(JOBS_AT_ONCE, jobs - first)
      await boss.insert(
        'noop',
        Array.from({ length: size }, (_, n) => ({ data: { n: first + n } })),
      )
    }
    await boss.stop({ graceful: false })
  },
  async prepare(url, onRun) {
    const boss = new PgBoss(options(url))
    boss.on('error', error => console.error(error))
    await boss.start()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    await pool.query('select')
    return {
      async start() {
        const how = {
          ...{ batchSize: 1_000, burstWhenBatchFull: true, localConcurrency: WORKERS },
          pollingIntervalSeconds: 0.5,
        }
        await boss.work('noop', how, batch => {
          onRun(batch.length)
          return Promise.resolve()
        })
      },
      async unfinished() {
        const { rows } = await pool.query(
          "select count(*)::int as count from pgboss.job where name = 'noop' and state < 'completed'",
        )
        return rows[0].count
      },
      async stop() {
        await boss.stop({ graceful: false })
        await pool.end()
      },
    }
  },
})
