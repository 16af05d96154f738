import type { Instant, UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { JobFilter } from './read.ts'

/** Jobs are counted no further than this: telling how long a list is must not take long. */
const MAX_COUNTED = 10_000
/** With a status, which is derived for each job, no more than these are looked at. */
const MAX_COUNTED_BY_STATUS = 2_000

/**
 * How many jobs a list has in all, up to a bound. Served by `job_definitions_by_owner`.
 *
 * @returns `isExact` is false when there may be more
 */
export async function countJobs(
  db: Db,
  owner: UserId,
  { status, jobType, from, to }: JobFilter,
): Promise<{ readonly count: number; readonly isExact: boolean }> {
  const { rows } = await db.query<{ count: number; seen: number }>(
    status === null
      ? sql`
        select count(*) as count, count(*) as seen
          from (select
                  from job_definitions d
                 where d.created_by = ${owner} and d.state <> 'DELETED'
                   and (${jobType}::text is null or d.job_type = ${jobType})
                   and d.created_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
                   and d.created_at <= coalesce(${textOf(to)}::timestamptz, 'infinity')
                 limit ${MAX_COUNTED + 1}::int) d`
      : sql`
        with seen as materialized (
          select d.job_id
            from job_definitions d
           where d.created_by = ${owner} and d.state <> 'DELETED'
             and (${jobType}::text is null or d.job_type = ${jobType})
             and d.created_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
             and d.created_at <= coalesce(${textOf(to)}::timestamptz, 'infinity')
           order by d.created_at desc, d.job_id desc
           limit ${MAX_COUNTED_BY_STATUS + 1}::int)
        select count(*) as count, (select count(*) from seen) as seen
          from seen
          join jobs j on j.id = seen.job_id
         where j.status = ${status}`,
  )
  const { count, seen } = rows[0]!
  const most = status === null ? MAX_COUNTED : MAX_COUNTED_BY_STATUS
  return { count: Math.min(count, most), isExact: seen <= most }
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
