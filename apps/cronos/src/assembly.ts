import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { startAuthService } from '@cronos/auth-service'
import { openEmbeddedBus, openKafkaBus } from '@cronos/bus'
import { loadRegistry, openTools, startExecutor, toolsConfig } from '@cronos/executor-service'
import { startJobService } from '@cronos/job-service'
import { openPasswords } from '@cronos/passwords'
import {
  databaseAddress,
  type HttpService,
  openLog,
  type StartedService,
  startWorkerService,
} from '@cronos/runtime'
import { startScheduler } from '@cronos/scheduler-service'
import { isTransient, migrate, openPool, openWakeTeller } from '@cronos/store'
import { startUserService } from '@cronos/user-service'
import type { CronosConfig } from './config.ts'
import type { Databases } from './databases.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { urlOf } from './url.ts'

/** All of Cronos in one process. Disposing of it drains and stops everything. */
export interface Cronos extends StartedService {
  readonly services: {
    readonly auth: HttpService
    readonly user: HttpService
    readonly job: HttpService
    readonly scheduler: HttpService
    readonly executor: HttpService
  }
  readonly gateway: Gateway
  /** Resolves when every service can work; rejects with what makes that impossible. */
  readonly ready: Promise<void>
}

/** Connections at most, by what they are for; most are made only when they are needed. */
const CONNECTIONS = { users: 6, engine: 10, reads: 6, reports: 3, news: 1 }
/** A report may read for longer than anything else, in milliseconds. */
const REPORT_TIMEOUT_MS = 60_000

/**
 * Starts the five services as they are started one by one, but over shared pools and a bus in
 * memory: one process is another assembly, not another code path. They stop in the reverse order,
 * so that the executor, while it drains, still reaches everything it needs.
 *
 * @throws when a port cannot be listened on; nothing is left running then
 */
export async function startCronos(databases: Databases, config: CronosConfig): Promise<Cronos> {
  const { host, ports, trustedProxies } = config
  const logOf = (service: string) => openLog(service, config.log.level)
  const place = (port: number) => ({ server: { host, port, trustedProxies }, log: config.log })
  const log = logOf('cronos')
  await using stack = new AsyncDisposableStack()

  const userDb = databaseAddress(databases.users)
  const jobDb = databaseAddress(databases.jobs)
  const { users: inUsers, ...inJobs } = CONNECTIONS
  const pool = (name: string, max: number) => ({ ...jobDb, name: `cronos ${name}`, max })
  const users = stack.use(
    openPool({ ...userDb, name: 'cronos users', max: inUsers, plans: 'general' }),
  )
  const engine = stack.use(openPool({ ...pool('engine', inJobs.engine), plans: 'engine' }))
  const reads = stack.use(openPool({ ...pool('reads', inJobs.reads), plans: 'general' }))
  const reports = stack.use(
    openPool({
      ...pool('reports', inJobs.reports),
      plans: 'general',
      timeoutMs: REPORT_TIMEOUT_MS,
    }),
  )
  const news = stack.use(openPool({ ...pool('news', inJobs.news), plans: 'engine' }))
  const teller = stack.use(
    openWakeTeller(news, {
      horizonMs: config.scheduler.maxSleepMs,
      onError: error => log.warn({ err: error }, 'schedulers were not told of a new run'),
    }),
  )
  const passwords = openPasswords()
  const migrateUsers = atMostOnce(() => migrate(userDb, 'users'))
  const migrateJobs = atMostOnce(() => migrate(jobDb, 'jobs'))

  const auth = stack.use(
    await startAuthService(
      { db: users, passwords, log: logOf('auth-service'), prepare: migrateUsers },
      { ...config.auth, ...place(ports.auth), userDb: databases.users },
    ),
  )
  const user = stack.use(
    await startUserService(
      { db: users, passwords, log: logOf('user-service'), prepare: migrateUsers },
      { ...config.user, ...place(ports.user), userDb: databases.users },
    ),
  )
  const job = stack.use(
    await startJobService(
      {
        ...{ db: engine, reads, log: logOf('job-service') },
        ...{ tellWake: teller.tell, prepare: migrateJobs },
      },
      { ...config.job, ...place(ports.job), jobDb: databases.jobs },
    ),
  )

  const executorId = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  const { kafka } = config
  const bus = stack.use(
    kafka === null
      ? openEmbeddedBus()
      : await openKafkaBus({ ...kafka, clientId: executorId, log }),
  )
  const tools = stack.use(
    openTools(reports, {
      ...toolsConfig(config.tools),
      authUrl: urlOf(host, auth.port),
      userUrl: urlOf(host, user.port),
    }),
  )
  const workerService = { host, isTransient, checks: { bus: () => bus.check() } }
  const executorLog = logOf('executor-service')
  const executor = stack.use(
    await startWorkerService({
      ...workerService,
      ...{ name: 'executor-service', port: ports.executor, log: executorLog },
      async start() {
        await migrateJobs()
        return startExecutor(
          {
            ...{ id: executorId, db: engine, address: jobDb, bus, log: executorLog },
            ...{ registry: await loadRegistry(), tools, tellWake: teller.tell },
          },
          config.executor,
        )
      },
    }),
  )
  const schedulerLog = logOf('scheduler-service')
  const scheduler = stack.use(
    await startWorkerService({
      ...workerService,
      ...{ name: 'scheduler-service', port: ports.scheduler, log: schedulerLog },
      async start() {
        await migrateJobs()
        return startScheduler(
          { db: engine, bus, log: schedulerLog, onlyExecutor: kafka === null ? executorId : null },
          config.scheduler,
        )
      },
    }),
  )

  const services = { auth, user, job, scheduler, executor }
  const all = Object.values(services)
  const gateway = stack.use(await startGateway(all, { host, port: ports.gateway, log }))
  stack.defer(job.endStreams) // before the gateway waits for what is under way
  const owned = stack.move()
  return {
    name: 'cronos',
    services,
    gateway,
    ready: Promise.all(all.map(service => service.ready)).then(() => {}),
    done: Promise.race(all.map(service => service.done)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Several services wait for the same work: it is done once, and again only after it has failed. */
function atMostOnce(work: () => Promise<unknown>): () => Promise<void> {
  let going: Promise<void> | undefined
  return () => {
    going ??= work().then(
      () => {},
      error => {
        going = undefined
        throw error
      },
    )
    return going
  }
}
