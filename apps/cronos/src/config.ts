import { authConfig } from '@cronos/auth-service'
import { executorConfig, executorServiceConfig } from '@cronos/executor-service'
import { jobConfig } from '@cronos/job-service'
import {
  ConfigError,
  checkKafka,
  commaList,
  type Declaration,
  databaseSettings,
  databaseUrl,
  kafkaSettings,
  loadConfig as load,
  logSettings,
  oneOf,
  optional,
  type Source,
  setting,
  text,
  trustedProxiesSetting,
  wholeNumber,
} from '@cronos/runtime'
import { schedulerConfig } from '@cronos/scheduler-service'
import { userConfig } from '@cronos/user-service'

/** What listens on a port of its own, in the order in which it is told of. */
export const listeners = ['auth', 'user', 'job', 'scheduler', 'executor', 'gateway'] as const
export type Listener = (typeof listeners)[number]

export const portKey = (listener: Listener) => `configs.server.ports.${listener}`

function portSetting(listener: Listener, port: number, what: string) {
  return setting(portKey(listener), wholeNumber({ min: 0, max: 65_535 }), {
    default: String(port),
    meaning: `All in one: the port of ${what}; 0 takes a free one`,
  })
}

/** The keys of the all-in-one process beside those of the services. */
const cronosSettings = {
  host: setting('configs.server.host', text, {
    default: '127.0.0.1',
    meaning: 'All in one: the address that all ports are on; 0.0.0.0 opens them to the network',
  }),
  ports: {
    auth: portSetting('auth', 8080, 'the auth-service'),
    user: portSetting('user', 8081, 'the user-service'),
    job: portSetting('job', 8082, 'the job-service'),
    scheduler: portSetting('scheduler', 8083, 'the scheduler-service'),
    executor: portSetting('executor', 8084, 'the executor-service'),
    gateway: portSetting('gateway', 8086, 'all services on one origin'),
  },
  trustedProxies: trustedProxiesSetting,
  log: logSettings,
} as const

const givenDatabases = {
  users: optional('configs.userDb.url', databaseUrl, { meaning: 'The server of the users' }),
  jobs: optional('configs.jobDb.url', databaseUrl, { meaning: 'The server of the jobs' }),
}

const givenBus = {
  bus: optional('configs.bus', oneOf('embedded', 'kafka'), {
    meaning:
      'All in one: how runs reach the executors; kafka where its brokers are configured, else embedded, a queue in memory',
  }),
  brokers: optional(kafkaSettings.bootstrapServers.key, commaList, { meaning: 'Some brokers' }),
}

/** The all-in-one process's own keys. */
export const cronosConfig = { ...cronosSettings, bus: givenBus.bus }

const databases = {
  users: databaseSettings('userDb', 'userdb'),
  jobs: databaseSettings('jobDb', 'jobs'),
}

/** Everything in one; what the parts would each be told by themselves is told once. */
const declaration = {
  ...cronosSettings,
  auth: withoutPlace(authConfig),
  user: withoutPlace(userConfig),
  job: withoutPlace(jobConfig),
  scheduler: schedulerConfig.scheduler,
  executor: executorServiceConfig.executor,
  tools: executorServiceConfig.tools,
}

/** A service's own keys: where it listens, what it logs and its database are settled for all. */
function withoutPlace<D extends Declaration>(service: D): Omit<D, Placed> {
  const { server: _, log: __, userDb: ___, jobDb: ____, ...own } = service as Declaration
  return own as Omit<D, Placed>
}
type Placed = 'server' | 'log' | 'userDb' | 'jobDb'

/**
 * Reads the configuration of the whole process.
 *
 * @throws {ConfigError} with all mistakes, each once however many services have the key
 */
export function readConfig(sources: readonly Source[]) {
  const given = once(givenDatabases, sources)
  const { bus, brokers } = once(givenBus, sources)
  const isOwn = given.users === undefined && given.jobs === undefined
  const config = once({ ...declaration, ...(isOwn ? {} : { databases }) }, sources)
  return {
    ...config,
    executor: executorConfig(config.executor),
    /** Null where runs reach the executor through the memory of this process. */
    kafka:
      (bus ?? (brokers === undefined ? 'embedded' : 'kafka')) === 'kafka'
        ? checkKafka(once(kafkaSettings, sources))
        : null,
    /** Null where no database is configured, and Cronos brings its own. */
    databases: isOwn ? null : once(databases, sources),
    names: once({ users: databases.users.name, jobs: databases.jobs.name }, sources),
  }
}

export type CronosConfig = ReturnType<typeof readConfig>

function once<D extends Declaration>(part: D, sources: readonly Source[]) {
  try {
    return load(part, sources)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError([...new Set(error.problems)])
  }
}
