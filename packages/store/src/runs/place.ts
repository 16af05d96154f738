import { type Instant, type JobId, type RunKey, type RunReason, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { inKeyOrder, keyColumns } from './keys.ts'

/*
 * Where the fires of jobs stand in the queue, for those who change jobs: they have locked the
 * definitions and the runs.
 */

/** The version of the time zone data that this process plans with. */
const TZDATA = process.versions['tz'] ?? 'unknown'

/** A fire to come. */
export interface Fire extends RunKey {
  readonly jobId: JobId
  /** By how much the job's spread moves it. */
  readonly offsetMs: number
}

/**
 * Puts fires into the queue as their definitions want them, held where the job is paused. One that
 * has a run already stays as it is.
 *
 * Served by the primary keys of `job_definitions` and of both partitions.
 */
export async function insertFires(tx: Db, fires: readonly Fire[]): Promise<void> {
  if (fires.length === 0) return
  const sorted = inKeyOrder(fires)
  const { jobs, fireTimes } = keyColumns(sorted)
  await tx.query(prepared('insert-fires')`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, hold, expires_at, job_version,
                           max_attempts, priority, recurring, status, owner, tzdata)
    select d.job_id, fire.at, fire.due_at, case when d.state <> 'PAUSED' then greatest(fire.due_at, now()) end,
           case when d.state = 'PAUSED' then 'PAUSED' end,
           fire.due_at + interval '1 millisecond' * d.expire_after_ms, d.version, d.max_attempts,
           d.priority, d.job_type = 'RECURRING', 'PENDING', d.created_by,
           case when d.cron_expression is not null then ${TZDATA} end
      from (select job_id, to_timestamp(ms / 1000)::timestamptz(3) as at,
                   to_timestamp((ms + offset_ms) / 1000)::timestamptz(3) as due_at
              from unnest(${jobs}::uuid[], ${fireTimes}::float8[],
                          ${sorted.map(fire => fire.offsetMs)}::float8[])
                as fire (job_id, ms, offset_ms)) fire
      join job_definitions d on d.job_id = fire.job_id
     where not exists (
             select from runs_done r
              where r.job_id = fire.job_id and r.scheduled_at = fire.at and r.done)
    on conflict do nothing`)
}

/** A run that waits, and where it stands from now on. */
export interface Move extends Fire {
  readonly run: RunKey
  readonly reason: RunReason
  /** 0 while the fire after it is still to come from its claim. */
  readonly dispatches: number
  /** Of the job: the one that expects this fire time. */
  readonly version: number
}

/**
 * Moves runs that wait to other fire times, under new fences, held where the job is paused. A run
 * whose place is taken stays where it is.
 *
 * Served by the primary keys of `job_definitions` and of both partitions.
 */
export async function moveRuns(tx: Db, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  const sorted = moves.toSorted((a, b) => (a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : 0))
  const { jobs, fireTimes } = keyColumns(sorted)
  await tx.query(prepared('move-runs')`
    update runs_live q
       set scheduled_at = move.at, due_at = move.due_at, status = 'PENDING',
           wake_at = case when d.state <> 'PAUSED' then greatest(move.due_at, now()) end,
           hold = case when d.state = 'PAUSED' then 'PAUSED' end,
           expires_at = move.due_at + interval '1 millisecond' * d.expire_after_ms,
           reason = move.reason, dispatches = move.dispatches, job_version = move.version,
           fence = q.fence + 1, tzdata = case when d.cron_expression is not null then ${TZDATA} end
      from (select job_id, reason, dispatches, version,
                   to_timestamp(from_ms / 1000)::timestamptz(3) as from_at,
                   to_timestamp(ms / 1000)::timestamptz(3) as at,
                   to_timestamp((ms + offset_ms) / 1000)::timestamptz(3) as due_at
              from unnest(${jobs}::uuid[], ${sorted.map(m => m.run.scheduledAt)}::float8[],
                          ${fireTimes}::float8[], ${sorted.map(m => m.offsetMs)}::float8[],
                          ${sorted.map(m => m.reason)}::text[],
                          ${sorted.map(m => m.dispatches)}::int[],
                          ${sorted.map(m => m.version)}::int[])
                as move (job_id, from_ms, ms, offset_ms, reason, dispatches, version)) move,
           job_definitions d
     where q.job_id = move.job_id and q.scheduled_at = move.from_at and not q.done
       and d.job_id = move.job_id
       and (move.at = move.from_at
            or not exists (select from runs r
                            where r.job_id = move.job_id and r.scheduled_at = move.at))`)
}

/** Fire times that no run of their own stands for any more. */
export interface Settled {
  readonly jobId: JobId
  /** Both inclusive, on the grid. */
  readonly from: Instant
  readonly to: Instant
  readonly count: number
  readonly policy: 'MISFIRE' | 'PAUSED'
  /** The run that stands for them, where one does. */
  readonly into: Instant | null
}

/**
 * Takes runs that wait out of the queue and puts on record that their fire times, with others, were
 * settled without a run. What had been settled into such a run is settled into the one that stands
 * for it.
 *
 * Served by the primary keys of `runs_live` and `skipped`.
 */
export async function settleFires(
  tx: Db,
  spans: readonly Settled[],
  dropped: readonly RunKey[],
): Promise<void> {
  const jobs = spans.map(span => uuidOf(span.jobId))
  const into = spans.map(span => span.into)
  if (dropped.length > 0) {
    const keys = keyColumns(inKeyOrder(dropped))
    await tx.query(prepared('drop-runs')`
      delete from runs_live q
       using unnest(${keys.jobs}::uuid[], ${keys.fireTimes}::float8[]) as dropped (job_id, ms)
       where q.job_id = dropped.job_id
         and q.scheduled_at = to_timestamp(dropped.ms / 1000)::timestamptz(3)
         and not q.done`)
  }
  if (spans.length === 0) return
  await tx.query(prepared('resettle-fires')`
    update skipped s
       set into_run = to_timestamp(span.into_ms / 1000)
      from unnest(${jobs}::uuid[], ${spans.map(s => s.from)}::float8[],
                  ${spans.map(s => s.to)}::float8[], ${into}::float8[])
        as span (job_id, from_ms, to_ms, into_ms)
     where s.job_id = span.job_id
       and s.into_run >= to_timestamp(span.from_ms / 1000)
       and s.into_run <= to_timestamp(span.to_ms / 1000)`)
  await tx.query(prepared('settle-fires')`
    insert into skipped (job_id, from_at, to_at, count, policy, into_run)
    select job_id, to_timestamp(from_ms / 1000), to_timestamp(to_ms / 1000), count, policy,
           to_timestamp(into_ms / 1000)
      from unnest(${jobs}::uuid[], ${spans.map(s => s.from)}::float8[],
                  ${spans.map(s => s.to)}::float8[], ${spans.map(s => s.count)}::bigint[],
                  ${spans.map(s => s.policy)}::text[], ${into}::float8[])
        as span (job_id, from_ms, to_ms, count, policy, into_ms)
    on conflict do nothing`)
}
