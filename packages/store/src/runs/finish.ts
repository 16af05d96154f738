import { type Instant, type JobId, jobIdOf, type Next, runIdOf, uuidOf } from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { prepared } from '../sql.ts'
import { type FencedKey, inKeyOrder, keyColumns } from './keys.ts'

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
}

/** How a failed attempt is told in the list of attempts. */
type AttemptOutcome = 'FAILED' | 'LOST' | 'HANDED_BACK'

/**
 * Records ended attempts under their fences, all in one transaction, and answers those that are on
 * record now. One that is missing was fenced out: somebody else answers for its run.
 *
 * Asking again after an answer was lost is safe: what is on record with the same fence counts as
 * recorded.
 */
export async function recordAttempts(pool: Pool, ended: readonly Ended[]): Promise<FencedKey[]> {
  const done = ended.filter(attempt => attempt.next.status !== 'PENDING')
  const pending = ended.filter(attempt => attempt.next.status === 'PENDING')
  const failing = done.filter(attempt => attempt.failsJob)
  const onlyDone = pending.length === 0 && failing.length === 0

  const recorded = onlyDone
    ? await finishRuns(pool, done)
    : await pool.transaction(async tx => {
        // Whoever changes a job locks its definition before its runs, here too.
        const jobs = await lockDefinitions(tx, failing)
        const finished = await finishRuns(tx, done)
        if (jobs.length > 0) await failJobs(tx, failing, finished)
        return [...finished, ...(await returnRuns(tx, pending, 'FAILED'))]
      })
  if (recorded.length === ended.length) return recorded
  const names = new Set(recorded.map(nameOf))
  const missing = ended.filter(attempt => !names.has(nameOf(attempt)))
  return [...recorded, ...(await findRecorded(pool, missing))]
}

export function nameOf(key: FencedKey): string {
  return `${runIdOf(key)}_${key.fence}`
}

/**
 * Moves finished runs to history: a delete and an insert, not an update of the partition key, which
 * a concurrent waiter would see as an error. Served by the primary keys of both partitions.
 */
export async function finishRuns(db: Db, ended: readonly Ended[]): Promise<FencedKey[]> {
  if (ended.length === 0) return []
  const sorted = inKeyOrder(ended)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<KeyRow>(prepared('finish')`
    with result as (
      select * from unnest(
        ${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(e => e.fence)}::bigint[],
        ${sorted.map(e => e.next.status)}::text[], ${sorted.map(e => toJson(e.error))}::jsonb[],
        ${sorted.map(e => toJson(e.output))}::jsonb[])
        as result (job_id, ms, fence, status, error, output)),
    ended as (
      delete from runs_live q
       using result
       where q.job_id = result.job_id
         and q.scheduled_at = to_timestamp(result.ms / 1000)::timestamptz(3)
         and not q.done
         and q.fence = result.fence
         and q.status = 'RUNNING'
      returning q.*, result.status as outcome, result.error as result_error,
                result.output as result_output)
    insert into runs_done (
      job_id, scheduled_at, due_at, deadline_at, claimed_at, started_at, finished_at, fence,
      job_version, attempt, max_attempts, dispatches, lost, priority, done, recurring, status,
      reason, owner, executor, tzdata, replay_of, error, output)
    select job_id, scheduled_at, due_at, deadline_at, claimed_at, started_at, clock_timestamp(),
           fence, job_version, attempt, max_attempts, dispatches, lost, priority, true, recurring,
           outcome, reason, owner, executor, tzdata, replay_of, result_error, result_output
      from ended
    on conflict do nothing
    returning job_id as "jobUuid", scheduled_at as "scheduledAt", fence`)
  return rows.map(toKey)
}

/**
 * Gives runs back to the queue for another attempt and puts the one that ended on record. Served
 * by the primary key of `runs_live`.
 */
async function returnRuns(
  tx: Db,
  ended: readonly Ended[],
  outcome: AttemptOutcome,
): Promise<FencedKey[]> {
  if (ended.length === 0) return []
  const sorted = inKeyOrder(ended)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await tx.query<KeyRow>(prepared('return')`
    with result as (
      select * from unnest(
        ${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(e => e.fence)}::bigint[],
        ${sorted.map(e => delayOf(e.next))}::float8[], ${sorted.map(e => counts(e.next))}::boolean[],
        ${sorted.map(e => toJson(e.error))}::jsonb[])
        as result (job_id, ms, fence, delay_ms, counts, error)),
    ended as (
      select q.ctid as place, q.job_id, q.scheduled_at, q.fence, q.attempt, q.executor,
             q.started_at, result.delay_ms, result.counts, result.error
        from result
        join runs_live q on q.job_id = result.job_id
         and q.scheduled_at = to_timestamp(result.ms / 1000)::timestamptz(3)
         and not q.done
       where q.fence = result.fence
         and q.status = 'RUNNING'
         for update of q),
    returned as (
      update runs_live q
         set status = 'PENDING',
             attempt = q.attempt - (not ended.counts)::int,
             dispatches = (not ended.counts)::int,
             executor = null, started_at = null, deadline_at = null,
             wake_at = now() + interval '1 millisecond' * ended.delay_ms
        from ended
       where q.ctid = ended.place
      returning q.job_id)
    insert into attempts (job_id, scheduled_at, attempt, fence, executor, started_at, ended_at,
                          outcome, error)
    select job_id, scheduled_at, attempt, fence - (${outcome}::text = 'LOST')::int, executor,
           started_at, clock_timestamp(),
           case when counts then ${outcome}::text else 'HANDED_BACK' end, error
      from ended
    on conflict do nothing
    returning job_id as "jobUuid", scheduled_at as "scheduledAt",
              fence + (${outcome}::text = 'LOST')::int as fence`)
  return rows.map(toKey)
}

/**
 * Puts attempts whose executor vanished on record and gives their runs another attempt, or ends
 * them. The claim of the same transaction has locked the runs and raised their fences by one, which
 * the keys carry.
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

/** Locks the definitions of these attempts' jobs, in key order. */
async function lockDefinitions(tx: Db, attempts: readonly FencedKey[]): Promise<string[]> {
  if (attempts.length === 0) return []
  const { rows } = await tx.query<{ job: string }>(prepared('lock-definitions')`
    select job_id as job from job_definitions
     where job_id = any(${attempts.map(a => uuidOf(a.jobId))}::uuid[])
     order by job_id
       for update`)
  return rows.map(row => row.job)
}

/** Ends the jobs of these runs, as far as the runs were recorded, with all that waits for them. */
async function failJobs(
  tx: Db,
  failing: readonly Ended[],
  finished: readonly FencedKey[],
): Promise<void> {
  const names = new Set(finished.map(nameOf))
  const failed = failing.filter(attempt => names.has(nameOf(attempt)))
  if (failed.length === 0) return
  const jobs = failed.map(attempt => uuidOf(attempt.jobId))
  await tx.query(prepared('fail-jobs')`
    update job_definitions d
       set state = 'FAILED', failure_reason = failed.reason, failed_at = now(), updated_at = now()
      from unnest(${jobs}::uuid[], ${failed.map(reasonOf)}::text[]) as failed (job_id, reason)
     where d.job_id = failed.job_id
       and d.state in ('ACTIVE', 'PAUSED')`)
  await endTriggers(tx, jobs)
  await cancelWaiting(tx, jobs)
}

/** Ends what was expected of these jobs. Served by the primary key of `triggers`. */
export async function endTriggers(tx: Db, jobs: readonly string[]): Promise<void> {
  await tx.query(prepared('end-triggers')`
    update triggers set valid_to = now()
     where job_id = any(${jobs}::uuid[]) and valid_to is null`)
}

/**
 * Moves all runs of these jobs that no executor has begun to history as CANCELLED. The caller has
 * locked the definitions. Served by the primary key of `runs_live`.
 */
export async function cancelWaiting(tx: Db, jobs: readonly string[]): Promise<number> {
  const { rowCount } = await tx.query(prepared('cancel-waiting')`
    with waiting as (
      select q.ctid as place from runs_live q
       where q.job_id = any(${jobs}::uuid[]) and q.status in ('PENDING', 'DISPATCHED')
       order by q.job_id, q.scheduled_at
         for update),
    cancelled as (
      delete from runs_live q using waiting where q.ctid = waiting.place returning q.*)
    insert into runs_done (
      job_id, scheduled_at, due_at, claimed_at, finished_at, fence, job_version, attempt,
      max_attempts, dispatches, lost, priority, done, recurring, status, reason, owner, tzdata,
      replay_of)
    select job_id, scheduled_at, due_at, claimed_at, clock_timestamp(), fence + 1, job_version,
           attempt, max_attempts, dispatches, lost, priority, true, recurring, 'CANCELLED', reason,
           owner, tzdata, replay_of
      from cancelled
    on conflict do nothing`)
  return rowCount
}

/** Which of these attempts are on record already, from a call whose answer was lost. */
async function findRecorded(db: Db, attempts: readonly FencedKey[]): Promise<FencedKey[]> {
  const { jobs, fireTimes } = keyColumns(attempts)
  const { rows } = await db.query<KeyRow>(prepared('find-recorded')`
    select mine.job_id as "jobUuid", to_timestamp(mine.ms / 1000)::timestamptz(3) as "scheduledAt",
           mine.fence
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${attempts.map(a => a.fence)}::bigint[])
        as mine (job_id, ms, fence)
     where exists (
             select from runs_done r
              where r.job_id = mine.job_id and r.fence = mine.fence and r.done
                and r.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3))
        or exists (
             select from attempts a
              where a.job_id = mine.job_id and a.fence = mine.fence and a.outcome <> 'LOST'
                and a.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3))`)
  return rows.map(toKey)
}

interface KeyRow {
  readonly jobUuid: string
  readonly scheduledAt: Instant
  readonly fence: FencedKey['fence']
}

function toKey({ jobUuid, scheduledAt, fence }: KeyRow): FencedKey & { readonly jobId: JobId } {
  return { jobId: jobIdOf(jobUuid), scheduledAt, fence }
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function delayOf(next: Next): number {
  return next.status === 'PENDING' ? next.delayMs : 0
}

function counts(next: Next): boolean {
  return next.status !== 'PENDING' || next.counts
}

function reasonOf({ next }: Ended): string {
  return next.status === 'FAILED' ? next.reason : 'failed'
}
