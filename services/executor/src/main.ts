import { randomBytes } from 'node:crypto'
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
import { isTransient, migrate, openPool, openWakeTeller } from '@cronos/store'
import { executorConfig, executorServiceConfig, toolsConfig } from './config.ts'
import { loadRegistry } from './registry.ts'
import { startExecutor } from './service.ts'
import { openTools } from './tools.ts'

/** A report may read for longer than anything else, in milliseconds. */
const REPORT_TIMEOUT_MS = 60_000
/** Runs that are due later than this are found by the schedulers themselves, in milliseconds. */
const WAKE_HORIZON_MS = 30_000

await runMain('executor-service', async stopRequested => {
  const config = loadConfig(executorServiceConfig, readSources(process.env))
  const executor = executorConfig(config.executor)
  const log = openLog('executor-service', config.log.level)
  const address = databaseAddress(config.jobDb)
  const id = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  const pool = { ...address, name: 'executor-service' }
  await using db = openPool({ ...pool, max: 5, plans: 'engine' })
  await using news = openPool({ ...pool, max: 1, plans: 'engine' })
  await using reports = openPool({
    ...pool,
    ...{ max: 3, plans: 'general', timeoutMs: REPORT_TIMEOUT_MS },
  })
  await using teller = openWakeTeller(news, {
    horizonMs: WAKE_HORIZON_MS,
    onError: error => log.warn({ err: error }, 'schedulers were not told of a run'),
  })
  await using tools = openTools(reports, toolsConfig(config.tools))
  await using bus = await openKafkaBus({
    ...checkKafka(config.kafka),
    clientId: `executor-${id}`,
    log,
  })
  if (config.tools.mailHost === undefined)
    log.info('configs.mail.host is not set: mails are caught in the jobs database')
  await using service = await startWorkerService({
    ...config.server,
    ...{ name: 'executor-service', log, isTransient },
    checks: { bus: () => bus.check() },
    async start() {
      await migrate(address, 'jobs')
      const registry = await loadRegistry()
      const deps = { id, db, address, bus, log, registry, tools, tellWake: teller.tell }
      return startExecutor(deps, executor)
    },
  })
  await Promise.race([stopRequested, service.done])
})
