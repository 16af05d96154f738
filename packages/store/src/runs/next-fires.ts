import { type Instant, type RunKey, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { inKeyOrder, keyColumns } from './keys.ts'

/** The fire that follows one which was claimed. */
export interface NextFire extends RunKey {
  /** When the job is due again. */
  readonly nextAt: Instant
}

/**
 * Puts the next fire of each of these runs' jobs into the queue, in the transaction of their claim,
 * so that a recurring job has its next fire whatever becomes of the one at hand. One that is there
 * already stays. Owner, priority and attempts are the definition's.
 *
 * Served by the primary keys of `job_definitions` and `runs_live`.
 *
 * @param tzdata the version of the time zone data that they were planned with
 */
export async function insertNextFires(
  tx: Db,
  fires: readonly NextFire[],
  tzdata: string,
): Promise<void> {
  if (fires.length === 0) return
  const sorted = inKeyOrder(fires)
  await tx.query(prepared('next-fires')`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, job_version, max_attempts,
                           priority, recurring, status, owner, tzdata)
    select d.job_id, fire.at::timestamptz(3), fire.at, fire.at, d.version, d.max_attempts,
           d.priority, true, 'PENDING', d.created_by, ${tzdata}
      from (select job_id, to_timestamp(ms / 1000)::timestamptz(3) as at
              from unnest(${sorted.map(f => uuidOf(f.jobId))}::uuid[],
                          ${sorted.map(f => f.nextAt)}::float8[]) as fire (job_id, ms)) fire
      join job_definitions d on d.job_id = fire.job_id
     where not exists (
             select from runs_done r
              where r.job_id = fire.job_id and r.scheduled_at = fire.at and r.done)
    on conflict do nothing`)
}

/** A span of fire times that no run of their own stands for. */
export interface SkippedSpan {
  readonly run: RunKey
  readonly from: Instant
  readonly to: Instant
  readonly count: number
  readonly policy: 'MISFIRE'
}

/** Settles fire times without a run, in the transaction that decides it. */
export async function recordSkipped(tx: Db, spans: readonly SkippedSpan[]): Promise<void> {
  if (spans.length === 0) return
  const { jobs, fireTimes } = keyColumns(spans.map(span => span.run))
  await tx.query(prepared('skipped')`
    insert into skipped (job_id, from_at, to_at, count, policy, into_run)
    select job_id, to_timestamp(from_ms / 1000), to_timestamp(to_ms / 1000), count, policy,
           to_timestamp(run_ms / 1000)
      from unnest(${jobs}::uuid[], ${spans.map(s => s.from)}::float8[],
                  ${spans.map(s => s.to)}::float8[], ${spans.map(s => s.count)}::bigint[],
                  ${spans.map(s => s.policy)}::text[], ${fireTimes}::float8[])
        as span (job_id, from_ms, to_ms, count, policy, run_ms)
    on conflict do nothing`)
}
