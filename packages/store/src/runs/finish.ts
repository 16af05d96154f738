import type { Next } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import type { Ended } from './attempts.ts'
import { type FencedKey, inKeyOrder, type KeyRow, keyColumns, plainArray, toKey } from './keys.ts'

/** An attempt that is on record by now. */
export interface Recorded extends FencedKey {
  /** Another run waited for one that was recorded with it, and is due now. */
  readonly wakesNext?: boolean
}

/**
 * Moves finished runs to history: a delete and an insert, not an update of the partition key, which
 * a concurrent waiter would see as an error. A run of the same job that waited for one of them is
 * due at once; one that somebody holds just now is left to its own wake-up. A failed run that
 * somebody had asked to cancel is CANCELLED. One whose start the database has forgotten is DISPATCHED
 * under the same fence: its attempt is counted now.
 *
 * Served by the primary keys of both partitions.
 */
export async function finishRuns(db: Db, ended: readonly Ended[]): Promise<readonly Recorded[]> {
  if (ended.length === 0) return []
  const sorted = inKeyOrder(ended)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<{ finished: number; wakesNext: boolean }>(prepared('finish')`
    with result as (
      select * from unnest(
        ${jobs}::uuid[], ${fireTimes}::float8[], ${plainArray(sorted, e => e.fence)}::bigint[],
        ${plainArray(sorted, e => e.next.status)}::text[],
        ${jsonArray(sorted, e => e.error)}::jsonb[], ${jsonArray(sorted, e => e.output)}::jsonb[])
        as result (job_id, ms, fence, status, error, output)),
    ended as (
      delete from runs_live q
       using result
       where q.job_id = result.job_id
         and q.scheduled_at = to_timestamp(result.ms / 1000)::timestamptz(3)
         and not q.done
         and q.fence = result.fence
         and q.status in ('RUNNING', 'DISPATCHED')
      returning q.*, result.status as outcome, result.error as result_error,
                result.output as result_output),
    waiting as materialized (
      select next.place
        from (select distinct job_id from ended where recurring) job,
             lateral (
               select q.ctid as place from runs_live q
                where q.job_id = job.job_id
                  and q.status = 'PENDING' and q.attempt = 0
                  and q.due_at <= now() and q.wake_at > now()
                order by q.scheduled_at
                limit 1
                  for update skip locked) next),
    pulled as (
      update runs_live q set wake_at = now() from waiting where q.ctid = waiting.place
      returning q.job_id),
    finished as (
      insert into runs_done (
        job_id, scheduled_at, due_at, deadline_at, claimed_at, published_at, started_at, finished_at,
        fence, job_version, attempt, max_attempts, dispatches, lost, priority, done, recurring,
        status, reason, owner, executor, tzdata, replay_of, requested_by, payload, error, output)
      select job_id, scheduled_at, due_at, deadline_at, claimed_at, published_at,
             coalesce(started_at, claimed_at), clock_timestamp(), fence, job_version, attempt + (status = 'DISPATCHED')::int,
             max_attempts, dispatches, lost, priority, true, recurring,
             case when outcome = 'FAILED' and cancel_at is not null then 'CANCELLED' else outcome end,
             reason, owner, executor, tzdata, replay_of, requested_by, payload, result_error,
             result_output
        from ended
      on conflict do nothing
      returning 1)
    select (select count(*) from finished) as finished,
           exists (select from pulled) as "wakesNext"`)
  const { finished, wakesNext } = rows[0]!
  const recorded = finished === ended.length ? ended : await findRecorded(db, ended)
  return wakesNext ? recorded.map(each => ({ ...each, wakesNext })) : recorded
}

/** How a failed attempt is told in the list of attempts. */
export type AttemptOutcome = 'FAILED' | 'LOST' | 'HANDED_BACK'

/**
 * Gives runs back to the queue for another attempt and puts the one that ended on record. Where the
 * job is paused, or a person must say what a lost attempt did, the run is held; where somebody asked
 * to cancel it, or the job has ended meanwhile, it is CANCELLED instead.
 *
 * The caller has locked the definitions, so that nobody pauses a job in between. Served by the
 * primary keys of `job_definitions` and of both partitions.
 */
export async function returnRuns(
  tx: Db,
  ended: readonly Ended[],
  outcome: AttemptOutcome,
): Promise<Recorded[]> {
  if (ended.length === 0) return []
  const sorted = inKeyOrder(ended)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await tx.query<KeyRow>(prepared('return')`
    with result as (
      select * from unnest(
        ${jobs}::uuid[], ${fireTimes}::float8[], ${plainArray(sorted, e => e.fence)}::bigint[],
        ${plainArray(sorted, e => delayOf(e.next))}::float8[],
        ${sorted.map(e => counts(e.next))}::boolean[],
        ${sorted.map(e => holdOf(e.next))}::text[], ${jsonArray(sorted, e => e.error)}::jsonb[])
        as result (job_id, ms, fence, delay_ms, counts, hold, error)),
    ended as materialized (
      select q.ctid as place, q.job_id, q.scheduled_at, q.fence,
             q.attempt + (q.status = 'DISPATCHED')::int as attempt, q.executor,
             coalesce(q.started_at, q.claimed_at) as started_at, result.delay_ms, result.counts,
             result.error,
             coalesce(result.hold, case
               when d.state = 'PAUSED' and q.reason not in ('MANUAL', 'REPLAY') then 'PAUSED'
             end) as held,
             q.cancel_at is not null or d.state in ('CANCELLED', 'DELETED')
               or d.state = 'FAILED' and q.reason <> 'REPLAY' as is_over
        from result
        join runs_live q on q.job_id = result.job_id
         and q.scheduled_at = to_timestamp(result.ms / 1000)::timestamptz(3)
         and not q.done
        join job_definitions d on d.job_id = q.job_id
       where q.fence = result.fence
         and q.status in ('RUNNING', 'DISPATCHED')
         for update of q),
    returned as (
      update runs_live q
         set status = 'PENDING',
             attempt = ended.attempt - (not ended.counts)::int,
             dispatches = (not ended.counts)::int,
             executor = null, published_at = null, started_at = null, deadline_at = null,
             hold = ended.held,
             wake_at = case when ended.held is null
               then now() + interval '1 millisecond' * ended.delay_ms
             end
        from ended
       where q.ctid = ended.place and not ended.is_over),
    cancelled as (
      delete from runs_live q
       using ended
       where q.ctid = ended.place and ended.is_over
      returning q.*, ended.error as result_error),
    history as (
      insert into runs_done (
        job_id, scheduled_at, due_at, deadline_at, claimed_at, published_at, started_at, finished_at,
        fence, job_version, attempt, max_attempts, dispatches, lost, priority, done, recurring,
        status, reason, owner, executor, tzdata, replay_of, requested_by, payload, error)
      select job_id, scheduled_at, due_at, deadline_at, claimed_at, published_at,
             coalesce(started_at, claimed_at), clock_timestamp(), fence, job_version,
             attempt + (status = 'DISPATCHED')::int, max_attempts, dispatches, lost, priority, true,
             recurring, 'CANCELLED', reason, owner, executor, tzdata, replay_of, requested_by,
             payload, result_error
        from cancelled
      on conflict do nothing),
    attempt as (
      insert into attempts (job_id, scheduled_at, attempt, fence, executor, started_at, ended_at,
                            outcome, error)
      select job_id, scheduled_at, attempt, fence - (${outcome}::text = 'LOST')::int, executor,
             started_at, clock_timestamp(),
             case when counts then ${outcome}::text else 'HANDED_BACK' end, error
        from ended
       where not is_over
      on conflict do nothing)
    select job_id as "jobUuid", scheduled_at as "scheduledAt", fence from ended`)
  return rows.map(toKey)
}

/**
 * Which of these attempts are on record already, from a call whose answer was lost. Served by the
 * primary keys of `runs_done` and `attempts`.
 */
export async function findRecorded(db: Db, attempts: readonly FencedKey[]): Promise<Recorded[]> {
  const { jobs, fireTimes } = keyColumns(attempts)
  const { rows } = await db.query<KeyRow>(prepared('find-recorded')`
    select mine.job_id as "jobUuid", to_timestamp(mine.ms / 1000)::timestamptz(3) as "scheduledAt",
           mine.fence
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[],
                  ${plainArray(attempts, a => a.fence)}::bigint[])
        as mine (job_id, ms, fence),
           lateral (
             select from runs_done r
              where r.job_id = mine.job_id and r.fence = mine.fence and r.done
                and r.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
             union all
             select from attempts a
              where a.job_id = mine.job_id and a.fence = mine.fence and a.outcome <> 'LOST'
                and a.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
             limit 1) found`)
  return rows.map(toKey)
}

/** Most runs have neither error nor output, and an array of nulls is quickly written. */
function jsonArray(
  ended: readonly Ended[],
  read: (each: Ended) => object | null,
): string | (string | null)[] {
  if (ended.every(each => read(each) === null)) return plainArray(ended, () => null)
  return ended.map(each => {
    const value = read(each)
    return value === null ? null : JSON.stringify(value)
  })
}

function delayOf(next: Next): number {
  return next.status === 'PENDING' ? next.delayMs : 0
}

function holdOf(next: Next): string | null {
  return next.status === 'PENDING' ? (next.hold ?? null) : null
}

function counts(next: Next): boolean {
  return next.status !== 'PENDING' || next.counts
}
