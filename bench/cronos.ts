import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { createJobs, type NewTrigger, type Pool, sql, tellWake } from '@cronos/store'
import { aJob, type FreshDatabase, freshDatabase } from '@cronos/testkit'
import { checkpoint, type Stage } from './measure/stage.ts'
import { startWorker, type WorkerProcess } from './measure/worker-process.ts'

const PROGRAM = join(import.meta.dirname, 'cronos-process.ts')
const CREATED_AT_ONCE = 1_000

export type CronosBus = 'embedded' | 'kafka'

/** A Cronos of its own on a fresh database: its processes are there, and none has begun. */
export interface BenchCronos extends AsyncDisposable {
  readonly database: FreshDatabase
  readonly db: Pool
  readonly pids: readonly number[]
  /** Starts the scheduler; the executor waits for it. */
  go(): void
  readonly first: Promise<string>
  readonly ran: Promise<string>
}

/** Creates jobs as a client's bulk would, with the task that does nothing. */
export async function fill(
  db: Pool,
  count: number,
  triggerOf: (n: number) => NewTrigger = () => ({ kind: 'immediate' }),
): Promise<void> {
  for (let first = 0; first < count; first += CREATED_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(CREATED_AT_ONCE, count - first) }, (_, index) =>
      aJob({ payload: { task: 'noop', n: first + index }, trigger: triggerOf(first + index) }),
    )
    await createJobs(db, jobs)
  }
  await tellWake(db, 0) // as whoever creates jobs does
}

/**
 * Starts scheduler and executor, in one process or over Kafka in two.
 *
 * @param jobs how many of them make `ran`
 * @param fillDatabase is given the empty database before anything starts
 */
export async function startCronos(
  bus: CronosBus,
  stage: Stage,
  jobs: number,
  fillDatabase: (db: Pool) => Promise<void>,
): Promise<BenchCronos> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await freshDatabase('jobs'))
  const db = database.pool('general')
  await fillDatabase(db)
  await checkpoint(database)
  const environment = environmentOf(database, stage)
  const start = async (role: string): Promise<WorkerProcess> =>
    stack.use(await startWorker(process.execPath, [PROGRAM, role, String(jobs)], environment))
  const executor = await start(bus === 'kafka' ? 'executor' : 'both')
  const scheduler = bus === 'kafka' ? await start('scheduler') : executor
  const owned = stack.move()
  return {
    ...{ database, db },
    pids: [...new Set([executor.pid, scheduler.pid])],
    go: () => scheduler.say('go'),
    first: executor.hears('first'),
    ran: executor.hears('ran'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Whether so many runs are in the history. */
export async function areRecorded(db: Pool, count: number): Promise<boolean> {
  const { rows } = await db.query<{ count: number }>(sql`select count(*) as count from runs_done`)
  return rows[0]!.count >= count
}

/** What became of the runs in the history. Lateness is from due to started, in milliseconds. */
export interface Lateness {
  readonly runs: number
  readonly first: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** From the first due instant to the last record. */
  readonly allRecorded: number
}

/**
 * By the database's clock.
 *
 * @param since of runs that were due then or later; of all unless told
 */
export async function readLateness(db: Pool, since = 0): Promise<Lateness> {
  const { rows } = await db.query<Lateness>(sql`
    select count(*) as runs, min(late)::float8 as first,
           (percentile_disc(0.5) within group (order by late))::float8 as p50,
           (percentile_disc(0.99) within group (order by late))::float8 as p99,
           max(late)::float8 as max,
           extract(epoch from max(finished_at) - min(due_at))::float8 * 1000 as "allRecorded"
      from (select extract(epoch from started_at - due_at) * 1000 as late, due_at, finished_at
              from runs_done
             where due_at >= to_timestamp(${since}::float8 / 1000)) run`)
  return rows[0]!
}

/** Resolves when so many runs are in the history; a look costs a count, so it is not taken often. */
export async function untilRecorded(db: Pool, count: number): Promise<void> {
  while (!(await areRecorded(db, count))) await rest(100)
}

export function environmentOf({ address }: FreshDatabase, { kafka }: Stage): NodeJS.ProcessEnv {
  const url = new URL(address.url)
  const topic = `bench-${randomBytes(6).toString('hex')}`
  return {
    CONFIGS_JOBDB_URL: `postgres://${url.host}/`,
    CONFIGS_JOBDB_NAME: url.pathname.slice(1),
    SECRETS_DATASOURCE_USERNAME: address.user,
    SECRETS_DATASOURCE_PASSWORD: address.password,
    SECRETS_CLIENT_PASSWORD: 'no token is asked for',
    CONFIGS_KAFKA_BOOTSTRAP_SERVERS: kafka ?? '127.0.0.1:9092',
    CONFIGS_KAFKA_TOPIC_JOB_EVENTS: topic,
    CONFIGS_KAFKA_TOPIC_DEAD_LETTERS: `${topic}-dlt`,
    CONFIGS_KAFKA_CONSUMER_GROUP_ID: topic,
  }
}
