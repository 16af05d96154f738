import { type Instant, type JobId, type UserId, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { textOf } from './lock.ts'

/** Jobs that the caller has locked, and the clock after that. */
export interface LockedAt {
  readonly at: Instant
  readonly jobs: readonly { readonly jobId: JobId }[]
}

/**
 * Puts on record what is expected of these jobs from the lock on: a version of their triggers, as
 * their definitions have them by now. The version before ends at the same instant.
 *
 * Served by the primary keys of `job_definitions` and `triggers`.
 *
 * @param madeBy null for Cronos itself
 * @param isPause whether the note of the pause goes along
 * @param runAt the instant of a one-time job; as before where it is null
 */
export async function recordTriggers(
  tx: Db,
  locked: LockedAt,
  madeBy: UserId | null,
  { isPause = false, runAt = null }: { isPause?: boolean; runAt?: string | null } = {},
): Promise<void> {
  const at = textOf(locked)
  await tx.query(prepared('record-triggers')`
    with ended as (
      update triggers set valid_to = greatest(valid_from, ${at}::timestamptz)
       where job_id = any(${uuidsOf(locked)}::uuid[]) and valid_to is null
      returning job_id, run_at, valid_to)
    insert into triggers (job_id, version, cron_expression, time_zone, dst_gap, dst_overlap,
                          every_ms, anchor_at, start_at, end_at, run_at, state, valid_from, note,
                          made_by)
    select d.job_id, d.version, d.cron_expression, d.time_zone, d.dst_gap, d.dst_overlap, d.every_ms,
           d.anchor_at, d.start_at, d.end_at, coalesce(${runAt}::timestamptz, ended.run_at), d.state,
           coalesce(ended.valid_to, ${at}::timestamptz),
           case when ${isPause}::boolean then d.pause_note end, ${madeBy}::text
      from job_definitions d
      left join ended on ended.job_id = d.job_id
     where d.job_id = any(${uuidsOf(locked)}::uuid[])`)
}

export function uuidsOf({ jobs }: LockedAt): string[] {
  return jobs.map(job => uuidOf(job.jobId))
}
