import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from '@cronos/store'
import {
  freshDatabase,
  startTestKafka,
  startTestPostgres,
  type TestKafka,
  type TestPostgres,
} from '@cronos/testkit'
import { aConfigFolder, type ServiceProcess, startService } from '../system/service-process.ts'
import type { Death, Fault } from './checker/history.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export type ServiceKind = 'job' | 'scheduler' | 'executor'

/** One service of the cluster: a process at a time. */
export interface Member {
  /** `executor-2` */
  readonly name: string
  readonly kind: ServiceKind
  /** Where it is; null while it is down. */
  readonly origin: string | null
  /** Its own way to PostgreSQL. */
  readonly way: TcpProxy
  /**
   * Starts it where it is down, with a clock that is off by so many milliseconds. From then on it is
   * started again whenever it ends by itself, as whoever runs services does.
   */
  start(clockShiftMs?: number): Promise<void>
  /** Ends it; resolves when it has ended, with its exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  isHealthy(): Promise<boolean>
}

/** Everything that Cronos is made of when it runs distributed. Disposing of it ends it all. */
export interface Cluster extends AsyncDisposable {
  readonly members: readonly Member[]
  /** PostgreSQL without anything between. */
  readonly db: Pool
  readonly postgres: TestPostgres
  readonly kafka: TestKafka
  /** The one way of all services to Kafka. */
  readonly kafkaWay: TcpProxy
  /** Whether the disk of PostgreSQL can be made full here. */
  readonly hasSmallDisk: boolean
  readonly timing: Timing
  readonly faults: readonly Fault[]
  /** Services that ended though nobody ended them, or not in order when they were asked to. */
  readonly deaths: readonly Death[]
  /** Writes down that something is broken from now until `work` is done. */
  during<T>(kind: string, target: string, work: () => Promise<T>): Promise<T>
  /** Resolves when all members answer that they are UP. */
  healthy(): Promise<void>
}

/** Durations in milliseconds. */
export interface Timing {
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly dispatchLeaseMs: number
  readonly sessionMs: number
  readonly graceMs: number
}

export interface ClusterOptions {
  readonly schedulers: number
  readonly executors: number
  readonly timing: Timing
  /** The longest wait between two attempts. */
  readonly backoffMs: number
  /** Where the services' logs go; null for nowhere. */
  readonly logs: string | null
}

/** All tokens of the test are signed with it. */
export const JWT_SECRET = 'sixty-four-bytes-or-more-that-sign-the-tokens-of-the-fault-tests'

const DISK_MB = 1_500

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { timing, backoffMs, logs } = options
  await using stack = new AsyncDisposableStack()
  const { postgres, hasSmallDisk } = await startPostgres()
  stack.use(postgres)
  const kafkaWay = stack.use(await openTcpProxy())
  const kafka = stack.use(await startTestKafka({ advertisedPort: kafkaWay.port }))
  kafkaWay.leadTo(portOf(kafka.bootstrapServers))
  const database = stack.use(await freshDatabase('jobs', postgres.address))
  if (logs !== null) await mkdir(logs, { recursive: true })

  const folder = stack.use(
    await aConfigFolder(database.address, `127.0.0.1:${kafkaWay.port}`, {
      'configs.executor.lease': `${timing.leaseMs}ms`,
      'configs.executor.heartbeat': `${timing.heartbeatMs}ms`,
      'configs.executor.grace': `${timing.graceMs}ms`,
      'configs.scheduler.dispatch-lease': `${timing.dispatchLeaseMs}ms`,
      'configs.kafka.consumer.session-timeout-ms': `${timing.sessionMs}`,
      'configs.retry.max-backoff': `${backoffMs}ms`,
      'configs.http-task.allowed-networks': '127.0.0.0/8',
    }),
  )
  const faults: Fault[] = []
  const deaths: Death[] = []
  const databaseName = new URL(database.address.url).pathname.slice(1)

  async function aMember(kind: ServiceKind, number: number): Promise<Member> {
    const name = `${kind}-${number}`
    const way = stack.use(await openTcpProxy())
    way.leadTo(Number(new URL(postgres.address.url).port))
    const log = logs === null ? null : createWriteStream(join(logs, `${name}.log`))
    const env = {
      CONFIGS_JOBDB_URL: `jdbc:postgresql://127.0.0.1:${way.port}/`,
      CONFIGS_JOBDB_NAME: databaseName,
      SECRETS_JWT_SECRET: JWT_SECRET,
    }
    const preload = new URL('./shifted-clock.ts', import.meta.url)
    let running: ServiceProcess | null = null
    let starting: Promise<void> | null = null
    stack.defer(async () => {
      await starting
      await end('SIGKILL')
    })

    async function launch(clockShiftMs: number): Promise<void> {
      const hear = (line: object) => void log?.write(`${JSON.stringify(line)}\n`)
      const how = { env: { ...env, CRONOS_TEST_CLOCK_SHIFT_MS: `${clockShiftMs}` }, hear }
      const service = await startService(kind, folder.path, { ...how, preload })
      running = service
      service.ended.then(code => {
        if (running !== service) return // it was to end
        running = null
        deaths.push({ service: name, at: Date.now(), code })
        start(clockShiftMs)
      })
    }

    async function start(clockShiftMs: number): Promise<void> {
      if (running !== null) return
      starting ??= launch(clockShiftMs).finally(() => {
        starting = null
      })
      await starting
    }

    async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
      const service = running
      running = null
      if (service === null) return null
      const code = await service.end(signal)
      if (signal === 'SIGTERM' && code !== 0) deaths.push({ service: name, at: Date.now(), code })
      return code
    }

    return {
      ...{ name, kind, way, end },
      get origin() {
        return running?.origin ?? null
      },
      start: (clockShiftMs = 0) => start(clockShiftMs),
      signal: signal => running?.signal(signal),
      async isHealthy() {
        if (running === null || running.exitCode !== null) return false
        return running.health().then(
          ({ status }) => status === 'UP',
          () => false,
        )
      },
    }
  }

  const members = [
    await aMember('job', 1),
    ...(await Promise.all(numbers(options.schedulers).map(n => aMember('scheduler', n)))),
    ...(await Promise.all(numbers(options.executors).map(n => aMember('executor', n)))),
  ]
  await Promise.all(members.map(member => member.start()))
  const owned = stack.move()
  return {
    ...{ members, postgres, kafka, kafkaWay, hasSmallDisk, timing, faults, deaths },
    db: database.pool('general'),
    async during(kind, target, work) {
      const from = Date.now()
      try {
        return await work()
      } finally {
        faults.push({ kind, target, from, to: Date.now() })
      }
    },
    async healthy() {
      for (const member of members)
        while (!(await member.isHealthy())) await new Promise(resolve => setTimeout(resolve, 100))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** On a small disk where this machine allows one, so that it can be full. */
async function startPostgres(): Promise<{ postgres: TestPostgres; hasSmallDisk: boolean }> {
  try {
    const postgres = await startTestPostgres({ durable: true, diskMb: DISK_MB })
    return { postgres, hasSmallDisk: true }
  } catch {
    return { postgres: await startTestPostgres({ durable: true }), hasSmallDisk: false }
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function portOf(server: string): number {
  return Number(server.slice(server.lastIndexOf(':') + 1))
}
