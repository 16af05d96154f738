import type { Next } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import type { Ended } from './attempts.ts'
import { type FencedKey, inKeyOrder, type KeyRow, keyColumns, toKey } from './keys.ts'

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
      reason, owner, executor, tzdata, replay_of, requested_by, payload, error, output)
    select job_id, scheduled_at, due_at, deadline_at, claimed_at, started_at, clock_timestamp(),
           fence, job_version, attempt, max_attempts, dispatches, lost, priority, true, recurring,
           outcome, reason, owner, executor, tzdata, replay_of, requested_by, payload, result_error,
           result_output
      from ended
    on conflict do nothing
    returning job_id as "jobUuid", scheduled_at as "scheduledAt", fence`)
  return rows.map(toKey)
}

/** How a failed attempt is told in the list of attempts. */
export type AttemptOutcome = 'FAILED' | 'LOST' | 'HANDED_BACK'

/**
 * Gives runs back to the queue for another attempt and puts the one that ended on record. Served
 * by the primary key of `runs_live`.
 */
export async function returnRuns(
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

/** Which of these attempts are on record already, from a call whose answer was lost. */
export async function findRecorded(db: Db, attempts: readonly FencedKey[]): Promise<FencedKey[]> {
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

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function delayOf(next: Next): number {
  return next.status === 'PENDING' ? next.delayMs : 0
}

function counts(next: Next): boolean {
  return next.status !== 'PENDING' || next.counts
}
