import assert from 'node:assert/strict'
import type { Bus } from '@cronos/bus'
import {
  afterAttempt,
  type Instant,
  instant,
  type JobEvent,
  type JobId,
  type Outcome,
  retryPolicyOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import { type SchedulerConfig, type TickDeps, tick } from '@cronos/scheduler-service'
import {
  type Ended,
  listRuns,
  type Pool,
  type RunRow,
  readNow,
  recordAttempts,
  type Started,
  sql,
  startRuns,
} from '@cronos/store'
import { pino } from 'pino'

/*
 * An engine that does nothing by itself: a test takes each turn of its scheduler and each step of
 * its executor, so that what happens between two of them is the test's to say.
 */

const schedulerConfig: SchedulerConfig = {
  batchSize: 1_000,
  maxSleepMs: 30_000,
  baseBackoffMs: 50,
  dispatchWindow: 10_000,
  dispatchLeaseMs: 5_000,
  misfireAfterMs: 60_000,
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  retry: { baseMs: 1_000, capMs: 60_000 },
  retention: { succeededMs: 1e9, failedMs: 1e9, cancelledMs: 1e9, skippedMs: 1e9 },
}

export interface EngineByHand {
  /** One turn of the scheduler; answers what it published. */
  turn(): Promise<JobEvent[]>
  /** Turns until one publishes nothing new; answers all that was published. */
  turns(): Promise<JobEvent[]>
  start(events: readonly JobEvent[]): Promise<Started[]>
  /** Ends an attempt; false when it was fenced out. */
  end(run: Started, outcome: Outcome): Promise<boolean>
  /** Turns, and starts what is published. */
  startDue(): Promise<Started[]>
  runsOf(jobId: JobId): Promise<RunRow[]>
  skippedOf(jobId: JobId): Promise<Skipped[]>
  now(): Promise<Instant>
}

export interface Skipped {
  readonly from: Instant
  readonly to: Instant
  readonly count: number
  readonly policy: string
  readonly into: Instant | null
}

export const succeeded: Outcome = { kind: 'succeeded' }
export const failed: Outcome = { kind: 'failed', reason: 'no route', permanent: false }

/** @param owner whose jobs are looked at */
export function openByHand(db: Pool, owner: UserId): EngineByHand {
  const published: JobEvent[] = []
  const bus = {
    publish: (events: readonly JobEvent[]) => Promise.resolve(void published.push(...events)),
  } as Pick<Bus, 'publish'> as Bus
  const window = {
    ...{
      room: () => Promise.resolve(1_000),
      refresh: () => Promise.resolve(),
      use() {},
      restMs: 5,
      batch: Number.POSITIVE_INFINITY,
    },
  }
  const sends = { begin: (send: () => Promise<void>) => send() }
  const alike = { observe() {}, shares: () => null, claimed() {}, isCapping: false, restMs: 0 }
  // Tests move runs about in time: each claim looks at all of them.
  const lowWater = {
    mark: null,
    from: null,
    sweepInMs: 0,
    claimed() {},
    swept() {},
    tell() {},
    forget() {},
  }
  const deps: TickDeps = {
    ...{ db, bus, window, fairness: alike, lowWater, sends, tzdata: 'test', random: () => 0 },
    log: pino({ level: 'silent' }),
  }

  const engine: EngineByHand = {
    async turn() {
      await tick(deps, schedulerConfig, true)
      return published.splice(0)
    },
    async turns() {
      const all: JobEvent[] = []
      for (;;) {
        const before = await untouched(db)
        const events = await engine.turn()
        all.push(...events)
        if (events.length === 0 && (await untouched(db)) === before) return all
      }
    },
    start: events => startRuns(db, events, { executor: 'one', leaseMs: 10_000, again: false }),
    async end(run, outcome) {
      return (await recordAttempts(db, [endedOf(run, outcome)])).length === 1
    },
    async startDue() {
      return engine.start(await engine.turns())
    },
    runsOf: jobId => listRuns(db, jobId, owner, { limit: 1_000, offset: 0 }),
    async skippedOf(jobId) {
      const { rows } = await db.query<Skipped>(sql`
        select from_at as "from", to_at as "to", count, policy, into_run as into
          from skipped where job_id = ${uuidOf(jobId)} order by from_at`)
      return rows
    },
    now: async () => instant(await readNow(db)),
  }
  return engine
}

function endedOf(run: Started, outcome: Outcome): Ended {
  const retry = retryPolicyOf(run, schedulerConfig.retry)
  const { jobId, scheduledAt, fence, attempt } = run
  const error = outcome.kind === 'failed' ? { message: outcome.reason } : null
  return {
    ...{ jobId, scheduledAt, fence, error, output: null },
    next: afterAttempt({ attempt, retry }, outcome, 0),
    failsJob: run.recurring && outcome.kind === 'failed' && outcome.permanent,
    mayPauseJob: run.recurring && run.pauseAfterFailures !== null,
  }
}

/** What a turn changes in the queue: no two turns that did something leave the same. */
async function untouched(db: Pool): Promise<string> {
  const { rows } = await db.query<{ state: string }>(sql`
    select coalesce(sum(fence), 0) || ' ' || count(*) || ' '
             || (select count(*) from skipped) || ' ' || (select count(*) from runs_done) as state
      from runs_live`)
  assert.ok(rows[0])
  return rows[0].state
}

/** Lets time pass for one job's run: rows are moved, not the clock. */
export async function wakeRuns(db: Pool, jobId: JobId): Promise<void> {
  await db.query(sql`
    update runs_live set wake_at = least(wake_at, now())
     where job_id = ${uuidOf(jobId)} and wake_at is not null and due_at <= now()`)
}
