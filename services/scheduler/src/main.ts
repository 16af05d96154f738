import { hostname } from 'node:os'
import { openKafkaBus } from '@cronos/bus'
import {
  checkKafka,
  databaseAddress,
  loadConfig,
  openLog,
  readSources,
  runMain,
  startWorkerService,
} from '@cronos/runtime'
import { isTransient, migrate, openPool } from '@cronos/store'
import { schedulerConfig } from './config.ts'
import { startScheduler } from './service.ts'

await runMain('scheduler-service', async stopRequested => {
  const config = loadConfig(schedulerConfig, readSources(process.env))
  const log = openLog('scheduler-service', config.log.level)
  const address = databaseAddress(config.jobDb)
  const clientId = `scheduler-${hostname()}-${process.pid}`
  await using db = openPool({ ...address, name: 'scheduler-service', max: 5, plans: 'engine' })
  await using bus = await openKafkaBus({ ...checkKafka(config.kafka), clientId, log })
  await using service = await startWorkerService({
    ...config.server,
    ...{ name: 'scheduler-service', log, isTransient },
    checks: { bus: () => bus.check() },
    async start() {
      await migrate(address, 'jobs')
      return startScheduler({ db, bus, log, onlyExecutor: null }, config.scheduler)
    },
  })
  await Promise.race([stopRequested, service.done])
})
