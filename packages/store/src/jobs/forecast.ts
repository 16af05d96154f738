import { formatInstant, type Instant, type StoredRecurrence, type UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** A recurring job that fires, with what its runs have taken. */
export interface RecurringJob extends StoredRecurrence {
  /** The mean of its latest finished runs in milliseconds; null where there is none. */
  readonly meanRunMs: number | null
}

/** Runs whose duration is looked at, for each job. */
const LATEST_RUNS = 10

/**
 * An owner's recurring jobs that fire. Served by `job_definitions_by_owner` and, for each job, by the
 * primary key of `runs_done`.
 */
export async function readRecurringJobs(db: Db, owner: UserId): Promise<RecurringJob[]> {
  const { rows } = await db.query<RecurringJob>(sql`
    select d.cron_expression as "cronExpression", d.time_zone as "timeZone",
           d.dst_gap as "dstGap", d.dst_overlap as "dstOverlap", d.every_ms as "everyMs",
           d.anchor_at as "anchorAt", d.start_at as "startAt", d.end_at as "endAt",
           latest.mean_ms as "meanRunMs"
      from job_definitions d
      left join lateral (
        select avg(extract(epoch from r.finished_at - r.started_at) * 1000)::float8 as mean_ms
          from (select q.started_at, q.finished_at
                  from runs_done q
                 where q.job_id = d.job_id and q.started_at is not null
                 order by q.scheduled_at desc
                 limit ${LATEST_RUNS}) r) latest on true
     where d.created_by = ${owner} and d.job_type = 'RECURRING' and d.state = 'ACTIVE'`)
  return rows
}

/** How many one-time jobs of an owner are due in a part of a window. */
export interface DueCount {
  /** Counts the buckets of the window from 0. */
  readonly bucket: number
  readonly count: number
}

/**
 * An owner's one-time jobs that wait for an instant in [from, to), by bucket.
 * Served by `job_definitions_by_owner` and the primary key of `runs_live`.
 */
export async function countOneTimeJobs(
  db: Db,
  owner: UserId,
  window: { readonly from: Instant; readonly to: Instant; readonly bucketMs: number },
): Promise<DueCount[]> {
  const { rows } = await db.query<DueCount>(sql`
    select floor(extract(epoch from q.due_at - ${formatInstant(window.from)}::timestamptz) * 1000
             / ${window.bucketMs}::float8)::int as bucket,
           count(*) as count
      from job_definitions d
      join runs_live q on q.job_id = d.job_id
     where d.created_by = ${owner} and d.job_type = 'ONE_TIME' and d.state = 'ACTIVE'
       and q.due_at >= ${formatInstant(window.from)}::timestamptz
       and q.due_at < ${formatInstant(window.to)}::timestamptz
     group by 1`)
  return rows
}
