import type {
  Fence,
  Instant,
  JobId,
  JobPolicies,
  Next,
  RetryWishes,
  RunKey,
  RunReason,
  UserId,
} from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { failJobs, lockDefinitions } from '../jobs/end.ts'
import { pauseFailing } from '../jobs/pause-failing.ts'
import { prepared } from '../sql.ts'
import { findRecorded, finishRuns, type Recorded, returnRuns } from './finish.ts'
import {
  type FencedKey,
  inKeyOrder,
  type KeyRow,
  keyColumns,
  nameOf,
  plainArray,
  toKey,
} from './keys.ts'

/** An attempt that has begun: what the executor needs to run its task. */
export interface Started
  extends RunKey,
    RetryWishes,
    Pick<JobPolicies, 'timeoutMs' | 'pauseAfterFailures'> {
  readonly jobId: JobId
  readonly fence: Fence
  /** From 1. */
  readonly attempt: number
  /** How often the run's executor has vanished. */
  readonly lost: number
  readonly owner: UserId
  /** The run's own where it is a replay that has one, else the job's. */
  readonly payload: Record<string, unknown>
  readonly recurring: boolean
  readonly reason: RunReason
  readonly startedAt: Instant
}

/** What a bus event says of the run to start. */
export interface Announced extends RunKey {
  /** From 1. */
  readonly attempt: number
  /** Null where the event names none: then the attempt decides. */
  readonly fence: Fence | null
  /** As the scheduler estimated it; left out where that is not known. */
  readonly publishedAt?: Instant
}

/**
 * Starts the runs that these events announce, in one statement, and answers those that did start.
 * A run belongs to the version of its job that its latest attempt began with, policies included.
 * An event missing from the answer was a duplicate or carried an old fence: count it, drop it.
 *
 * A call whose answer was lost may be made again with `again`: what it started then is answered a
 * second time, as this executor's.
 *
 * It commits without waiting for the disk, alone among the statements of the engine: a start that a
 * crash of the database forgets is a run that is still DISPATCHED under the same fence, and the
 * attempt may go on, be extended and be recorded as such.
 *
 * When the event was published is put on record with the start, so that it costs no write of its
 * own. It is an estimate, and is kept between the claim and the start.
 *
 * Served by the primary keys of `runs_live` and `job_definitions`.
 */
export async function startRuns(
  db: Db,
  events: readonly Announced[],
  { executor, leaseMs, again }: { executor: string; leaseMs: number; again: boolean },
): Promise<Started[]> {
  const sorted = inKeyOrder(events)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<StartedRow>(prepared('start')`
    update runs_live q
       set status = 'RUNNING',
           attempt = q.attempt + (q.status = 'DISPATCHED')::int,
           published_at = case when event.published_ms is not null then
             least(now(), greatest(q.claimed_at, to_timestamp(event.published_ms / 1000))) end,
           started_at = now(),
           executor = ${executor}::text,
           job_version = d.version,
           max_attempts = d.max_attempts,
           deadline_at = now() + interval '1 millisecond' * d.timeout_ms,
           wake_at = clock.lease_end
      from (select set_config('synchronous_commit', 'off', true),
                   floor(date_part('epoch', now()) * 1000) as ms,
                   now() + interval '1 millisecond' * ${leaseMs}::float8 as lease_end
            offset 0) as clock,
           unnest(${jobs}::uuid[], ${fireTimes}::float8[],
                  ${plainArray(sorted, e => e.fence)}::bigint[],
                  ${plainArray(sorted, e => e.attempt)}::int[],
                  ${plainArray(sorted, e => e.publishedAt ?? null)}::float8[])
             with ordinality as event (job_id, ms, fence, attempt, published_ms, place),
           job_definitions d
     where q.job_id = event.job_id
       and q.scheduled_at = to_timestamp(event.ms / 1000)::timestamptz(3)
       and not q.done
       and q.fence = coalesce(event.fence, q.fence)
       and q.due_at <= now()
       and (q.status = 'DISPATCHED' and (event.fence is not null or event.attempt = q.attempt + 1)
            or ${again}::boolean and q.status = 'RUNNING' and q.executor = ${executor}::text)
       and d.job_id = event.job_id
       and (d.state = 'ACTIVE'
            or d.state = 'PAUSED' and q.reason in ('MANUAL', 'REPLAY')
            or d.state = 'FAILED' and q.reason = 'REPLAY')
    returning event.place::int, q.fence, q.attempt, q.max_attempts as "maxAttempts", q.lost, q.owner,
              coalesce(q.payload, d.payload) as payload, q.recurring, q.reason,
              d.backoff, d.backoff_base_ms as "backoffBaseMs", d.backoff_cap_ms as "backoffCapMs",
              d.backoff_jitter as "backoffJitter", d.pause_after_failures as "pauseAfterFailures",
              d.timeout_ms as "timeoutMs", clock.ms as "startedAt"`)
  return rows.map(row => {
    const { jobId, scheduledAt } = sorted[row.place - 1]!
    return Object.assign(row, { jobId, scheduledAt })
  })
}

/** `place` is the event's among those that were given, from 1. */
type StartedRow = Omit<Started, 'jobId' | 'scheduledAt'> & { readonly place: number }

/** A lease that is still held. */
export interface KeptLease extends FencedKey {
  /** Somebody has asked to cancel the run: its task is to end. */
  readonly isCancelled: boolean
}

/**
 * Moves the leases of these running attempts on, and answers those that are still held. None moves
 * past its deadline and the grace after it, nor past the time that a cancelled one has to end. What
 * is missing was taken over. A run that is DISPATCHED under the same fence is held too: the database
 * has forgotten its start.
 *
 * Served by the primary key of `runs_live`.
 */
export async function extendLeases(
  db: Db,
  attempts: readonly FencedKey[],
  { leaseMs, graceMs }: { leaseMs: number; graceMs: number },
): Promise<KeptLease[]> {
  const sorted = inKeyOrder(attempts)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<KeyRow & { isCancelled: boolean }>(prepared('heartbeat')`
    update runs_live q
       set wake_at = least(now() + interval '1 millisecond' * ${leaseMs}::float8,
                           q.deadline_at + interval '1 millisecond' * ${graceMs}::float8,
                           q.cancel_at)
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[],
                  ${plainArray(sorted, a => a.fence)}::bigint[])
        as mine (job_id, ms, fence)
     where q.job_id = mine.job_id
       and q.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
       and not q.done
       and q.fence = mine.fence
       and q.status in ('RUNNING', 'DISPATCHED')
    returning q.job_id as "jobUuid", q.scheduled_at as "scheduledAt", q.fence,
              q.cancel_at is not null as "isCancelled"`)
  return rows.map(({ isCancelled, ...key }) => ({ ...toKey(key), isCancelled }))
}

/** What is kept of an error: enough to understand it without the process that threw it. */
export interface RecordedError {
  readonly message: string
  readonly name?: string
  readonly stack?: string
  readonly cause?: RecordedError
}

/** An attempt that has ended, and what becomes of its run. */
export interface Ended extends FencedKey {
  readonly next: Next
  /** Of the attempt; null after a success. */
  readonly error: RecordedError | null
  /** What the task answered. */
  readonly output: object | null
  /** The failure would come again at each fire, so the recurring job itself ends with the run. */
  readonly failsJob: boolean
  /** The job may want to be paused after so many failures; not unless told. */
  readonly mayPauseJob?: boolean
}

/**
 * Records ended attempts under their fences, all in one transaction, and answers those that are on
 * record now. One that is missing was fenced out: somebody else answers for its run.
 *
 * Asking again after an answer was lost is safe: what is on record with the same fence counts as
 * recorded.
 */
export async function recordAttempts(
  pool: Pool,
  ended: readonly Ended[],
): Promise<readonly Recorded[]> {
  const done = ended.filter(attempt => attempt.next.status !== 'PENDING')
  const pending = ended.filter(attempt => attempt.next.status === 'PENDING')
  const failing = done.filter(attempt => attempt.failsJob)
  const pausing = done.filter(
    attempt => attempt.mayPauseJob === true && attempt.next.status === 'FAILED',
  )
  const changing = [...failing, ...pausing]
  const onlyDone = pending.length === 0 && changing.length === 0

  const recorded = onlyDone
    ? await finishRuns(pool, done)
    : await pool.transaction(async tx => {
        // Whoever changes a job locks its definition before its runs, here too.
        await lockDefinitions(tx, [...changing, ...pending], changing.length > 0)
        const finished = await finishRuns(tx, done)
        if (failing.length > 0) await failJobs(tx, failing, finished)
        await pauseFailing(tx, pausing)
        return [...finished, ...(await returnRuns(tx, pending, 'FAILED'))]
      })
  if (recorded.length === ended.length) return recorded
  const names = new Set(recorded.map(nameOf))
  const missing = ended.filter(attempt => !names.has(nameOf(attempt)))
  return [...recorded, ...(await findRecorded(pool, missing))]
}

/**
 * Puts attempts whose executor vanished on record and gives their runs another attempt, or ends
 * them. The claim of the same transaction has locked the definitions and the runs, and raised the
 * fences by one, which the keys carry.
 */
export async function recoverLost(tx: Db, lost: readonly Ended[]): Promise<void> {
  await finishRuns(
    tx,
    lost.filter(attempt => attempt.next.status !== 'PENDING'),
  )
  await returnRuns(
    tx,
    lost.filter(attempt => attempt.next.status === 'PENDING'),
    'LOST',
  )
}
