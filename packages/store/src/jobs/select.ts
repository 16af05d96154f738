import {
  formatInstant,
  type Instant,
  type JobId,
  type JobStatus,
  type JobType,
  jobIdOf,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** Which jobs of an owner are meant: those for which all that is not null holds. */
export interface JobSelection {
  readonly namePrefix: string | null
  /** Contained in the name; both in any letter case, as in a search. */
  readonly name: string | null
  /** It has all of these; empty for any. */
  readonly tags: readonly string[]
  /** As the payload names it, in any letter case. */
  readonly task: string | null
  readonly status: JobStatus | null
  readonly jobType: JobType | null
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
  { namePrefix, name, tags, task, status, jobType, from, to }: JobSelection,
  limit: number,
): Promise<JobId[]> {
  const { rows } = await db.query<{ uuid: string }>(sql`
    select d.job_id as uuid
      from job_definitions d
     where d.created_by = ${owner} and d.state <> 'DELETED'
       and d.created_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
       and d.created_at <= coalesce(${textOf(to)}::timestamptz, 'infinity')
       and (${namePrefix}::text is null or starts_with(lower(d.name), lower(${namePrefix})))
       and (${name}::text is null or strpos(lower(d.name), lower(${name})) > 0)
       and d.tags @> ${tags}::text[]
       and (${jobType}::text is null or d.job_type = ${jobType})
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
