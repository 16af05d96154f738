import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Bus } from '@cronos/bus'
import {
  type JobId,
  type JobStatus,
  type RunKey,
  runIdOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import {
  defineTask,
  type ExecutorConfig,
  PermanentError,
  type Registry,
  registryOf,
  startExecutor,
  type TaskContext,
  type TaskTools,
} from '@cronos/executor-service'
import { type SchedulerConfig, startScheduler } from '@cronos/scheduler-service'
import {
  cancelling,
  controlJob,
  createJobs,
  deleting,
  listRuns,
  type NewJob,
  openWakeTeller,
  pausing,
  readJob,
  readRun,
  resuming,
  sql,
} from '@cronos/store'
import { aJob, atInstant, byCron, byInterval, freshDatabase, fromNow } from '@cronos/testkit'
import { pino } from 'pino'
import { Type } from 'typebox'

/*
 * Schedulers and executors on one database, with tasks of the test's own: what no single room can
 * prove of the engine, and what must be so over each bus.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const log = pino({ level: process.env['CRONOS_TEST_LOG'] ?? 'silent' })

const DAY_MS = 86_400_000
const keepForADay = {
  ...{ succeededMs: DAY_MS, failedMs: DAY_MS },
  ...{ cancelledMs: DAY_MS, skippedMs: DAY_MS },
}
export const schedulerConfig: SchedulerConfig = {
  batchSize: 2_000,
  maxSleepMs: 30_000,
  baseBackoffMs: 50,
  dispatchWindow: 10_000,
  retention: keepForADay,
  dispatchLeaseMs: 5_000,
  misfireAfterMs: 60_000,
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  retry: { baseMs: 20, capMs: 100 },
}
const executorConfig: ExecutorConfig = {
  slots: 50,
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  graceMs: 200,
  retry: { baseMs: 20, capMs: 100 },
}

type Run = (context: TaskContext, payload: Record<string, unknown>) => Promise<object | undefined>

/** A registry of tasks whose payload may be anything. */
function tasks(runs: Record<string, Run>): Registry {
  const payload = Type.Object({ task: Type.String() }, { additionalProperties: true })
  return registryOf(
    Object.entries(runs).map(([name, run]) =>
      defineTask({ name, payload, run: (given, context) => run(context, given) }),
    ),
  )
}

let executors = 0

/** The bus of one scheduler and one executor. */
export interface EngineBus {
  readonly bus: Bus
  /** Whether it reaches other processes too. */
  readonly isShared: boolean
}

/** A scheduler and an executor that share a bus, as one process has them. */
async function startPairOver(
  { bus, isShared }: EngineBus,
  registry: Registry,
  config: Partial<ExecutorConfig> = {},
) {
  const id = `executor-${++executors}`
  const stack = new AsyncDisposableStack()
  stack.use(bus)
  const teller = stack.use(
    openWakeTeller(db, { horizonMs: 30_000, onError: error => log.warn(error) }),
  )
  const executor = await startExecutor(
    {
      ...{ id, db, bus, log, registry, tellWake: teller.tell },
      address: database.address,
      tools: {} as TaskTools,
    },
    { ...executorConfig, ...config },
  )
  stack.use(executor)
  await untilItWorks(bus)
  const scheduler = startScheduler(
    { db, bus, log, onlyExecutor: isShared ? null : id },
    schedulerConfig,
  )
  stack.use(scheduler)
  return {
    id,
    /** Ends as a process that was asked to: drains. */
    async stop() {
      await scheduler[Symbol.asyncDispose]()
      await executor[Symbol.asyncDispose]()
    },
    tell: teller.tell,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function untilItWorks(bus: Bus): Promise<void> {
  for (;;) {
    const isWorking = await bus.check().then(
      () => true,
      () => false, // its group is not joined yet
    )
    if (isWorking) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function store(...jobs: NewJob[]): Promise<void> {
  const [created] = await createJobs(db, jobs)
  if (created !== undefined) await db.query(sql`select pg_notify('cronos_runs', '0')`)
}

/** In the order in which the engine locks runs, and once more if it meets it all the same. */
async function emptyQueue(): Promise<void> {
  await db.transaction(tx =>
    tx.query(sql`
      with run as materialized (
        select ctid as place from runs_live order by job_id, scheduled_at for update)
      delete from runs_live q using run where q.ctid = run.place`),
  )
}

/** Resolves when the job has the status; whatever changes in between is waited for. */
async function reaches(jobId: JobId, status: JobStatus) {
  for (;;) {
    const job = await readJob(db, jobId, alice)
    if (job?.status === status) return job
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

async function onlyRun(jobId: JobId) {
  const [run] = await listRuns(db, jobId, alice, { limit: 1, offset: 0 })
  const details = await readRun(db, run!, alice)
  return details!
}

const named = (task: string, more: Partial<NewJob> = {}) => aJob({ payload: { task }, ...more })

/**
 * What schedulers and executors must do together, as tests.
 *
 * @param name the bus, as it stands in the tests' names
 * @param openBus opens the bus of one pair; those that are shared share their topic
 */
export function testPipeline(name: string, openBus: () => Promise<EngineBus>): void {
  const startPair = async (registry: Registry, config: Partial<ExecutorConfig> = {}) =>
    startPairOver(await openBus(), registry, config)

  test(`${name}: a job runs once, and what its task answered is kept`, async () => {
    const seen: TaskContext[] = []
    await using _pair = await startPair(
      tasks({
        count: context => {
          seen.push(context)
          return Promise.resolve({ answer: 42 })
        },
      }),
    )
    const job = named('count')
    await store(job)
    await reaches(job.jobId, 'COMPLETED')
    const run = await onlyRun(job.jobId)
    assert.equal(seen.length, 1)
    assert.equal(seen[0]?.runId, runIdOf(run as RunKey))
    assert.deepEqual(run.output, { answer: 42 })
    assert.deepEqual(
      run.attempts.map(attempt => attempt.outcome),
      ['SUCCEEDED'],
    )
  })

  test(`${name}: each attempt of a run was claimed, published and started, in this order`, async () => {
    const seen: Awaited<ReturnType<typeof onlyRun>>[] = []
    await using _pair = await startPair(
      tasks({
        look: async ({ jobId, attempt }) => {
          seen.push(await onlyRun(jobId as JobId))
          if (attempt === 1) throw new Error('once more')
          return undefined
        },
      }),
    )
    const job = named('look')
    await store(job)
    await reaches(job.jobId, 'COMPLETED')
    const done = await onlyRun(job.jobId)
    const [first, second] = seen
    for (const { dueAt, claimedAt, publishedAt, startedAt } of [first!, second!, done]) {
      const instants = [dueAt, claimedAt, publishedAt, startedAt]
      assert.ok(instants.every(at => at !== null))
      assert.deepEqual(
        instants,
        instants.toSorted((a, b) => a! - b!),
      )
    }
    assert.equal(done.publishedAt, second!.publishedAt)
    assert.ok(second!.publishedAt! >= first!.startedAt!)
  })

  test(`${name}: a run carries the trace of the request that asked for it to each of its attempts`, async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const seen: unknown[] = []
    await using _pair = await startPair(
      tasks({
        trace: ({ traceparent, attempt }) => {
          seen.push(traceparent)
          return attempt === 1 ? Promise.reject(new Error('once more')) : Promise.resolve(undefined)
        },
      }),
    )
    const traced = named('trace', { traceparent })
    await store(traced)
    await reaches(traced.jobId, 'COMPLETED')
    const other = named('trace')
    await store(other)
    await reaches(other.jobId, 'COMPLETED')
    assert.deepEqual(seen, [traceparent, traceparent, undefined, undefined])
  })

  test(`${name}: nothing starts before its fire time`, async () => {
    const starts: number[] = []
    await using _pair = await startPair(
      tasks({
        late: async context => {
          const { rows } = await db.query<{ early: boolean }>(
            sql`select clock_timestamp() < ${new Date(context.scheduledAt).toISOString()}::timestamptz as early`,
          )
          starts.push(Number(rows[0]!.early))
          return undefined
        },
      }),
    )
    const jobs: NewJob[] = []
    for (let n = 0; n < 20; n++) {
      const at = await fromNow(db, 50 + n * 7)
      const trigger = { kind: 'at', runAt: { at, microseconds: 999 } } as const
      jobs.push(named('late', { trigger }))
    }
    await store(...jobs)
    for (const job of jobs) await reaches(job.jobId, 'COMPLETED')
    assert.deepEqual(starts, Array(20).fill(0))
    const { rowCount } = await db.query(sql`select from runs_done where started_at < due_at`)
    assert.equal(rowCount, 0)
  })

  test(`${name}: two schedulers and two executors share what is due, and each job runs once`, async () => {
    const ran = new Map<string, number>()
    const by = new Set<string>()
    const registry = (name: string) =>
      tasks({
        async share(context) {
          ran.set(context.runId, (ran.get(context.runId) ?? 0) + 1)
          by.add(name)
          await new Promise(resolve => setTimeout(resolve, 5)) // slots are what they compete for
          return undefined
        },
      })
    const jobs = Array.from({ length: 2_000 }, () => named('share'))
    await using _one = await startPair(registry('one'))
    await using _two = await startPair(registry('two'))
    await store(...jobs)
    for (const job of jobs) await reaches(job.jobId, 'COMPLETED')
    assert.ok([...ran.values()].every(times => times === 1))
    assert.deepEqual([...by].toSorted(), ['one', 'two'])
  })

  test(`${name}: a slot that is free is used, wherever the bus had dealt the run out to`, async () => {
    const opened = Promise.withResolvers<undefined>()
    let begun = 0
    const registry = tasks({
      block: () => {
        begun++
        return opened.promise
      },
    })
    await using _one = await startPair(registry, { slots: 5 })
    await using _two = await startPair(registry, { slots: 5 })
    const jobs = Array.from({ length: 10 }, () => named('block'))
    await store(...jobs)
    while (begun < jobs.length) {
      // No dispatch lease ends: what waits somewhere must be given away there.
      await db.query(sql`
        update runs_live set wake_at = now() + interval '5 seconds' where status = 'DISPATCHED'`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    opened.resolve(undefined)
    for (const job of jobs) assert.equal((await reaches(job.jobId, 'COMPLETED')).attempts, 1)
  })

  test(`${name}: slow tasks after many quick ones keep no run that has no slot`, async () => {
    const opened = Promise.withResolvers<undefined>()
    const begun = new Set<string>()
    await using _pair = await startPair(
      tasks({
        quick: () => Promise.resolve(undefined),
        slow: context => {
          begun.add(context.runId)
          return opened.promise
        },
      }),
      { slots: 2 },
    )
    const quick = Array.from({ length: 2_000 }, () => named('quick'))
    const slow = Array.from({ length: 200 }, () => named('slow'))
    await store(...quick, ...slow)
    // From when two of the slow ones hold both slots, whatever else was started goes back.
    for (;;) {
      const { rowCount } = await db.query(sql`select from runs_live where status = 'RUNNING'`)
      if (begun.size === 2 && rowCount === 2) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    opened.resolve(undefined)
    for (const job of [...quick, ...slow])
      assert.equal((await reaches(job.jobId, 'COMPLETED')).attempts, 1)
  })

  test(`${name}: of runs that have lost two executors no two go on beside each other`, async () => {
    let suspects = 0
    let most = 0
    const beside = Promise.withResolvers<undefined>()
    await using _pair = await startPair(
      tasks({
        async suspect() {
          most = Math.max(most, ++suspects)
          await beside.promise
          await new Promise(resolve => setTimeout(resolve, 30))
          suspects--
          return undefined
        },
        innocent() {
          beside.resolve(undefined)
          return Promise.resolve(undefined)
        },
      }),
      { slots: 6 },
    )
    const jobs = Array.from({ length: 4 }, () => named('suspect'))
    await createJobs(db, jobs)
    await db.query(sql`
      update runs_live set lost = 2 where job_id = any(${jobs.map(job => uuidOf(job.jobId))}::uuid[])`)
    const innocent = named('innocent', { trigger: atInstant(await fromNow(db, 300)) })
    await store(innocent)
    for (const { jobId } of [...jobs, innocent])
      assert.equal((await reaches(jobId, 'COMPLETED')).attempts, 1)
    assert.equal(most, 1)
  })

  test(`${name}: a task that fails is tried again with the same run id, until it succeeds`, async () => {
    const seen: [string, number][] = []
    await using _pair = await startPair(
      tasks({
        flaky: context => {
          seen.push([context.runId, context.attempt])
          if (context.attempt < 3) throw new Error('not yet', { cause: new Error('no route') })
          return Promise.resolve(undefined)
        },
      }),
    )
    const job = named('flaky')
    await store(job)
    const done = await reaches(job.jobId, 'COMPLETED')
    assert.equal(done.attempts, 3)
    assert.deepEqual(
      seen.map(([, attempt]) => attempt),
      [1, 2, 3],
    )
    assert.equal(new Set(seen.map(([runId]) => runId)).size, 1)
    const run = await onlyRun(job.jobId)
    assert.deepEqual(
      run.attempts.map(attempt => [
        attempt.outcome,
        attempt.error?.message,
        attempt.error?.cause?.message,
      ]),
      [
        ['FAILED', 'not yet', 'no route'],
        ['FAILED', 'not yet', 'no route'],
        ['SUCCEEDED', undefined, undefined],
      ],
    )
  })

  test(`${name}: a task that always fails uses its attempts up and fails the job`, async () => {
    await using _pair = await startPair(tasks({ broken: () => Promise.reject(new Error('away')) }))
    const job = named('broken', { maxAttempts: 2 })
    await store(job)
    const failed = await reaches(job.jobId, 'FAILED')
    assert.equal(failed.attempts, 2)
    assert.equal(failed.failureReason, 'away')
  })

  test(`${name}: a permanent failure is not tried again`, async () => {
    await using _pair = await startPair(
      tasks({ useless: () => Promise.reject(new PermanentError('payload.to must be an address')) }),
    )
    const job = named('useless')
    await store(job)
    const failed = await reaches(job.jobId, 'FAILED')
    assert.equal(failed.attempts, 1)
    assert.equal(failed.failureReason, 'payload.to must be an address')
  })

  test(`${name}: a task that no executor knows fails the job at once and names what is known`, async () => {
    await using _pair = await startPair(tasks({ known: () => Promise.resolve(undefined) }))
    const job = named('send_fax')
    await store(job)
    const failed = await reaches(job.jobId, 'FAILED')
    assert.equal(failed.attempts, 1)
    assert.match(failed.failureReason!, /payload\.task .*"send_fax".* known/)
  })

  test(`${name}: a payload without a task fails the job and names the field`, async () => {
    await using _pair = await startPair(tasks({ known: () => Promise.resolve(undefined) }))
    const job = aJob({ payload: { template: 'hello' } })
    await store(job)
    const failed = await reaches(job.jobId, 'FAILED')
    assert.match(failed.failureReason!, /payload\.task/)
  })

  test(`${name}: a task that only another executor knows is handed over, uncounted`, async () => {
    const job = named('rare')
    await using _common = await startPair(tasks({ common: () => Promise.resolve(undefined) }))
    await using _rare = await startPair(tasks({ rare: () => Promise.resolve(undefined) }))
    await store(job)
    assert.equal((await reaches(job.jobId, 'COMPLETED')).attempts, 1)
  })

  test(`${name}: an attempt that takes too long is aborted and counts as failed`, async () => {
    const reasons: unknown[] = []
    await using _pair = await startPair(
      tasks({
        endless: context =>
          new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => {
              reasons.push(context.signal.reason)
              reject(new Error('stopped'))
            })
          }),
      }),
    )
    const job = named('endless', { timeoutMs: 30, maxAttempts: 1 })
    await store(job)
    const failed = await reaches(job.jobId, 'FAILED')
    assert.equal(failed.failureReason, 'timed out after 30 ms')
    assert.equal(reasons.length, 1)
  })

  test(`${name}: a task that does not listen to its signal is left after the grace`, async () => {
    await using _pair = await startPair(tasks({ deaf: () => new Promise(() => {}) }), {
      graceMs: 20,
    })
    const job = named('deaf', { timeoutMs: 20, maxAttempts: 1 })
    await store(job)
    assert.equal((await reaches(job.jobId, 'FAILED')).failureReason, 'timed out after 20 ms')
  })

  test(`${name}: an executor that stops hands back what it could not end, and another one goes on`, async () => {
    const begun = Promise.withResolvers<void>()
    const job = named('long')
    {
      await using leaving = await startPair(
        tasks({
          long: context =>
            new Promise((_, reject) => {
              begun.resolve()
              context.signal.addEventListener('abort', () => reject(new Error('cut off')))
            }),
        }),
        { graceMs: 20 },
      )
      await store(job)
      await begun.promise
      await leaving.stop()
    }
    assert.equal((await onlyRun(job.jobId)).status, 'PENDING')
    await using _next = await startPair(tasks({ long: () => Promise.resolve(undefined) }))
    assert.equal((await reaches(job.jobId, 'COMPLETED')).attempts, 1)
  })

  test(`${name}: an executor that stops lets what is nearly done end`, async () => {
    const begun = Promise.withResolvers<void>()
    const job = named('short')
    await using leaving = await startPair(
      tasks({
        short: async () => {
          begun.resolve()
          await new Promise(resolve => setTimeout(resolve, 50))
          return undefined
        },
      }),
      { graceMs: 10_000 },
    )
    await store(job)
    await begun.promise
    await leaving.stop()
    assert.equal((await onlyRun(job.jobId)).status, 'SUCCEEDED')
  })

  test(`${name}: an attempt whose lease is lost is aborted, and its result changes nothing`, async () => {
    const begun = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    await using _pair = await startPair(
      tasks({
        taken: context =>
          new Promise((_, reject) => {
            begun.resolve()
            context.signal.addEventListener('abort', () => {
              aborted.resolve()
              reject(new Error('aborted'))
            })
          }),
      }),
      { heartbeatMs: 50 },
    )
    const job = named('taken')
    await store(job)
    await begun.promise
    await db.query(sql`
      update runs_live set fence = fence + 1, wake_at = now() + interval '1 hour'
       where owner = ${alice} and status = 'RUNNING'`)
    await aborted.promise
    const run = await onlyRun(job.jobId)
    assert.equal(run.status, 'RUNNING')
    await emptyQueue()
  })

  test(`${name}: from the answer to a pause, cancel or delete on, nothing of the job starts`, async () => {
    const starts = new Map<JobId, number>()
    const registry = tasks({
      async brief(context) {
        starts.set(context.jobId, (starts.get(context.jobId) ?? 0) + 1)
        await new Promise(resolve => setTimeout(resolve, 5)) // slots are what they wait for
        return undefined
      },
    })
    await using _pair = await startPair(registry, { slots: 10 })
    const now = await fromNow(db, 0)
    const second = (now - (now % 1_000)) as typeof now
    const jobs = Array.from({ length: 120 }, (_, n) =>
      named('brief', n % 2 === 0 ? {} : { trigger: byCron('* * * * * *', second) }),
    )
    await store(...jobs)
    const controls = [pausing('enough'), cancelling(10_000), deleting(10_000)]
    const answered = await Promise.all(
      jobs.map(async ({ jobId }, n) => {
        const { kind } = await controlJob<object>(db, controls[n % 3]!, jobId, alice)
        return { jobId, kind, at: await fromNow(db, 0) }
      }),
    )
    // Whatever was on its way has come up by the time that a job of later is done.
    const last = named('brief')
    await store(last)
    await reaches(last.jobId, 'COMPLETED')
    const done = answered.filter(each => each.kind === 'done')
    assert.ok(done.length >= 60, 'all deletes, and all pauses of recurring jobs')
    for (const { jobId, at } of done) {
      const { rowCount } = await db.query(sql`
        select from runs
         where 'job_' || job_id = ${jobId} and started_at > ${new Date(at + 1).toISOString()}`)
      assert.equal(rowCount, 0)
    }
    for (const { jobId } of done) await controlJob<object>(db, resuming, jobId, alice)
    await db.query(sql`select pg_notify('cronos_runs', '0')`)
    for (const job of jobs.filter((_, n) => n % 6 === 0)) {
      await reaches(job.jobId, 'COMPLETED')
      assert.equal(starts.get(job.jobId), 1)
    }
    await emptyQueue()
    await db.query(sql`delete from skipped`)
  })

  test(`${name}: a recurring job fires on the grid of its cron, once for each instant`, async () => {
    const fires: number[] = []
    await using _pair = await startPair(
      tasks({
        tick: context => {
          fires.push(context.scheduledAt)
          return Promise.resolve(undefined)
        },
      }),
    )
    const now = await fromNow(db, 0)
    const first = (now - (now % 1_000) + 1_000) as typeof now
    const job = named('tick', { trigger: byCron('* * * * * *', first) })
    await store(job)
    while (fires.length < 3) await new Promise(resolve => setTimeout(resolve, 20))
    const [one, two, three] = fires
    assert.deepEqual([one, two, three], [first, first + 1_000, first + 2_000])
    await emptyQueue()
  })

  test(`${name}: fire times that passed while nobody was there are served by one run, and are on record`, async () => {
    const fires: number[] = []
    const first = await fromNow(db, -3_600_000)
    const onGrid = (first - (first % 60_000)) as typeof first
    const job = named('hourly', { trigger: byCron('0 * * * * *', onGrid) })
    await createJobs(db, [job])
    await using _pair = await startPair(
      tasks({
        hourly: context => {
          fires.push(context.scheduledAt)
          return Promise.resolve(undefined)
        },
      }),
    )
    while (fires.length < 1) await new Promise(resolve => setTimeout(resolve, 5))
    await reaches(job.jobId, 'SCHEDULED')
    assert.deepEqual(fires, [onGrid])
    const { rows } = await db.query<{ policy: string; count: number; from: number }>(
      sql`select policy, count, from_at as "from" from skipped`,
    )
    assert.equal(rows.length, 1)
    assert.equal(rows[0]?.policy, 'MISFIRE')
    assert.equal(rows[0]?.from, onGrid + 60_000)
    assert.ok([59, 60, 61].includes(rows[0]!.count), `${rows[0]?.count} fire times were skipped`)
    await emptyQueue()
  })

  test(`${name}: an owner's backlog, and tasks of his that never end, hold up nobody else`, async () => {
    const gate = Promise.withResolvers<void>()
    const held = new Set<string>()
    await using _pair = await startPair(
      tasks({
        hold: async context => {
          held.add(context.runId)
          await gate.promise
          return undefined
        },
        quick: () => Promise.resolve(undefined),
      }),
      { slots: 20 },
    )
    const crowd = Array.from({ length: 2_000 }, () => named('hold', { owner: 'mallory' as UserId }))
    const newcomer = Array.from({ length: 10 }, () => named('quick'))
    await store(newcomer[0]!) // so that there are two owners
    await reaches(newcomer[0]!.jobId, 'COMPLETED')
    await store(...crowd)
    while (held.size < 10) await new Promise(resolve => setTimeout(resolve, 5))
    await store(...newcomer.slice(1))
    for (const { jobId } of newcomer) await reaches(jobId, 'COMPLETED')
    assert.ok(held.size < 20, `${held.size} of 20 slots are held by one owner`)
    gate.resolve()
    await db.query(sql`delete from runs_live where owner = 'mallory' and status = 'PENDING'`)
  })

  test(`${name}: a run that is cancelled while it runs is told so, ends within its grace and is on record`, async () => {
    const begun = Promise.withResolvers<TaskContext>()
    await using _pair = await startPair(
      tasks({
        stubborn: context =>
          new Promise((_, reject) => {
            begun.resolve(context)
            context.signal.addEventListener('abort', () => reject(new Error('cut off')))
          }),
      }),
      { heartbeatMs: 50 },
    )
    const job = named('stubborn')
    await store(job)
    const { signal } = await begun.promise
    await db.query(sql`
      update runs_live set cancel_at = now() + interval '1 hour' where owner = ${alice}`)
    assert.equal((await reaches(job.jobId, 'CANCELLED')).attempts, 1)
    assert.ok(signal.aborted)
    assert.equal((signal.reason as Error).message, 'the run was cancelled')
    const run = await onlyRun(job.jobId)
    assert.deepEqual(
      run.attempts.map(attempt => attempt.outcome),
      ['CANCELLED'],
    )
  })

  test(`${name}: fires that queue run one after the other, none beside another and none left out`, async () => {
    let going = 0
    const fires: number[] = []
    await using _pair = await startPair(
      tasks({
        slow: async context => {
          assert.equal(++going, 1)
          fires.push(context.scheduledAt)
          await new Promise(resolve => setTimeout(resolve, 1_200))
          going--
          return undefined
        },
      }),
    )
    const first = await fromNow(db, 100)
    const job = named('slow', { trigger: byInterval(1_000, first), overlap: 'queue' })
    await store(job)
    while (fires.length < 4) await new Promise(resolve => setTimeout(resolve, 20))
    // On a busy machine a fire may have been missed: then another one stands for it.
    const { rows } = await db.query<{ from: number; count: number }>(sql`
      select from_at as "from", count from skipped where into_run is not null order by from_at`)
    const missed = rows.flatMap(({ from, count }) =>
      Array.from({ length: count }, (_, n) => from + n * 1_000),
    )
    const settled = [...fires, ...missed].filter(at => at >= first && at <= fires.at(-1)!)
    assert.deepEqual(
      settled.toSorted((a, b) => a - b),
      Array.from({ length: (fires.at(-1)! - first) / 1_000 + 1 }, (_, n) => first + n * 1_000),
    )
    await emptyQueue()
  })

  test(`${name}: missed fires are caught up with, one after the other`, async () => {
    const fires: number[] = []
    await using _pair = await startPair(
      tasks({
        behind: context => {
          fires.push(context.scheduledAt)
          return Promise.resolve(undefined)
        },
      }),
    )
    const first = await fromNow(db, -5 * 3_600_000)
    const job = named('behind', {
      ...{ trigger: byInterval(3_600_000, first), misfire: 'catch_up', catchUpLimit: 4 },
    })
    await store(job)
    while (fires.length < 4) await new Promise(resolve => setTimeout(resolve, 20))
    await reaches(job.jobId, 'SCHEDULED')
    assert.deepEqual(
      fires.map(at => (at - first) / 3_600_000),
      [2, 3, 4, 5],
    )
    await emptyQueue()
  })
}
