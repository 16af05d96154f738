import {
  formatInstant,
  type Instant,
  type JobId,
  type JobStatus,
  jobIdOf,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** Which jobs of an owner are meant: those for which all that is not null holds. */
export interface JobSelection {
  readonly name: string | null
  readonly tag: string | null
  /** As the payload names it, in any letter case. */
  readonly task: string | null
  readonly status: JobStatus | null
  /** Both inclusive, on the creation. */
  readonly from: Instant | null
  readonly to: Instant | null
}

/**
 * The oldest jobs of an owner that a selection means. Served by `job_definitions_by_owner`; all but
 * the span is compared job by job.
 */
export async function selectJobs(
  db: Db,
  owner: UserId,
  { name, tag, task, status, from, to }: JobSelection,
  limit: number,
): Promise<JobId[]> {
  const { rows } = await db.query<{ uuid: string }>(sql`
    select d.job_id as uuid
      from job_definitions d
     where d.created_by = ${owner} and d.state <> 'DELETED'
       and d.created_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
       and d.created_at <= coalesce(${textOf(to)}::timestamptz, 'infinity')
       and (${name}::text is null or d.name = ${name})
       and (${tag}::text is null or ${tag} = any(d.tags))
       and (${task}::text is null or lower(trim(d.payload ->> 'task')) = lower(trim(${task}::text)))
       and (${status}::text is null
            or exists (select from jobs j where j.id = d.job_id and j.status = ${status}))
     order by d.created_at, d.job_id
     limit ${limit}::int`)
  return rows.map(row => jobIdOf(row.uuid))
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
