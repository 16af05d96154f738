import { databaseAddress, loadConfig, openLog, readSources, runMain } from '@cronos/runtime'
import { migrate, openPool, openWakeTeller } from '@cronos/store'
import { jobConfig } from './config.ts'
import { startJobService } from './service.ts'

/** Runs that are due later than this are found by the schedulers themselves, in milliseconds. */
const WAKE_HORIZON_MS = 30_000

await runMain('job-service', async stopRequested => {
  const config = loadConfig(jobConfig, readSources(process.env))
  const log = openLog('job-service', config.log.level)
  const address = databaseAddress(config.jobDb)
  const pool = { ...address, name: 'job-service' }
  await using db = openPool({ ...pool, max: 10, plans: 'engine' })
  await using reads = openPool({ ...pool, max: 10, plans: 'general' })
  await using news = openPool({ ...pool, max: 1, plans: 'engine' })
  await using teller = openWakeTeller(news, {
    horizonMs: WAKE_HORIZON_MS,
    onError: error => log.warn({ err: error }, 'schedulers were not told of a new run'),
  })
  const prepare = async () => {
    await migrate(address, 'jobs')
  }
  const deps = { db, reads, log, tellWake: teller.tell, prepare }
  await using service = await startJobService(deps, config)
  await Promise.race([stopRequested, service.done])
})
