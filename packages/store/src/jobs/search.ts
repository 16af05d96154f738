import type { Instant, JobId, JobStatus, JobType, Priority, UserId } from '@cronos/domain'
import { jobIdOf, priorities, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql, sqlPart } from '../sql.ts'
import type { JobRow } from './read.ts'

/** A job as a search shows it. */
export interface FoundJob extends JobRow {
  readonly name: string | null
  readonly tags: readonly string[]
  readonly priority: Priority
  readonly task: string | null
}

/** What jobs must be like; null for whatever they are. Letter case does not matter in texts. */
export interface JobSearch {
  readonly namePrefix: string | null
  /** Contained in the name. */
  readonly name: string | null
  /** The job has all of them; here letter case does matter. */
  readonly tags: readonly string[]
  readonly task: string | null
  readonly status: JobStatus | null
  readonly jobType: JobType | null
  /** All inclusive. */
  readonly createdFrom: Instant | null
  readonly createdTo: Instant | null
  readonly nextFrom: Instant | null
  readonly nextTo: Instant | null
}

/** A place in the list of an owner's jobs, newest first. */
export interface JobPlace {
  readonly createdAt: Instant
  readonly jobId: JobId
}

export interface FoundJobs {
  readonly jobs: FoundJob[]
  /** After which place the search goes on; null when there is nothing more. */
  readonly next: JobPlace | null
}

/** Jobs that one search looks at in all, so that none takes long. */
const MAX_SEARCHED = 10_000

/**
 * An owner's jobs, newest first, after a place. Owner, creation, tags and the beginning of a name are
 * served by `job_definitions_by_owner`, `…_by_tag` and `…_by_name`; of the jobs so found each is
 * looked at for the rest (what is derived from its runs, or has no index) until the page is full or
 * `MAX_SEARCHED` are seen. So a page may hold less than its size, even nothing, and yet not be the last.
 */
export async function searchJobs(
  db: Db,
  owner: UserId,
  search: JobSearch,
  { after, limit }: { readonly after: JobPlace | null; readonly limit: number },
): Promise<FoundJobs> {
  const { status, jobType, name, task } = search
  const seen = await jobsSeen(db, owner, search, after)
  const { rows } = await db.query<RawJob>(sql`
    select j.job_id as "jobId", j.job_type as "jobType", j.status, j.next_run_at as "nextRunAt",
           j.created_at as "createdAt", j.failure_reason as "failureReason",
           j.failed_at as "failedAt", j.attempts, j.name, j.tags, j.priority as level,
           j.payload ->> 'task' as task
      from (${seen} limit ${MAX_SEARCHED}::int) seen
      join jobs j on j.id = seen.job_id
     where (${name}::text is null or strpos(lower(j.name), lower(${name})) > 0)
       and (${task}::text is null or lower(j.payload ->> 'task') = lower(${task}))
       and (${jobType}::text is null or j.job_type = ${jobType})
       and (${status}::text is null or j.status = ${status})
       and (${textOf(search.nextFrom)}::timestamptz is null
         or j.next_run_at >= ${textOf(search.nextFrom)}::timestamptz)
       and (${textOf(search.nextTo)}::timestamptz is null
         or j.next_run_at <= ${textOf(search.nextTo)}::timestamptz)
     order by seen.created_at desc, seen.job_id desc
     limit ${limit + 1}::int`)
  const jobs = rows.map(({ level, ...row }) => ({ ...row, priority: priorities[level]! }))
  if (jobs.length > limit) {
    const page = jobs.slice(0, limit)
    const { createdAt, jobId } = page.at(-1)!
    return { jobs: page, next: { createdAt, jobId } }
  }
  return { jobs, next: looksAtEach(search) ? await lastOf(db, seen) : null }
}

type RawJob = Omit<FoundJob, 'priority'> & { readonly level: number }

/** More jobs of one beginning of a name are not rare: walking through all jobs soon finds a page. */
const MAX_RARE = 1_000

/**
 * What a search looks at, in its order: what the indexes find. Where few jobs have the name, these
 * are gathered and sorted; the planner cannot know how few, and might walk through all the others.
 */
async function jobsSeen(
  db: Db,
  owner: UserId,
  search: JobSearch,
  after: JobPlace | null,
): Promise<object> {
  const at = after === null ? null : textOf(after.createdAt)
  const jobUuid = after === null ? null : uuidOf(after.jobId)
  const prefix = search.namePrefix?.replace(/[\\%_]/g, '\\$&') ?? null
  const tags = search.tags.length === 0 ? null : search.tags
  const matching = sqlPart`
    select d.job_id, d.created_at
      from job_definitions d
     where d.created_by = ${owner} and d.state <> 'DELETED'
       and (${at}::timestamptz is null
         or (d.created_at, d.job_id) < (${at}::timestamptz, ${jobUuid}::uuid))
       and d.created_at >= coalesce(${textOf(search.createdFrom)}::timestamptz, '-infinity')
       and d.created_at <= coalesce(${textOf(search.createdTo)}::timestamptz, 'infinity')
       and (${prefix}::text is null
         or (d.name is not null and lower(d.name) like lower(${prefix}) || '%'))
       and (${tags}::text[] is null or (d.tags <> '{}' and d.tags @> ${tags}::text[]))`
  if (prefix === null) return sqlPart`${matching} order by d.created_at desc, d.job_id desc`
  const { rows } = await db.query<{ count: number }>(sql`
    select count(*) as count
      from (select from job_definitions d
             where d.created_by = ${owner} and d.name is not null
               and lower(d.name) like lower(${prefix}) || '%'
             limit ${MAX_RARE + 1}::int) d`)
  return rows[0]!.count > MAX_RARE
    ? sqlPart`${matching} order by d.created_at desc, d.job_id desc`
    : sqlPart`select * from (${matching} offset 0) d order by d.created_at desc, d.job_id desc`
}

/** Whether a page may be short because the search had seen enough. */
function looksAtEach({ name, task, jobType, status, nextFrom, nextTo }: JobSearch): boolean {
  return [name, task, jobType, status, nextFrom, nextTo].some(filter => filter !== null)
}

/** The last job that a search looked at; null when it looked at all there are. */
async function lastOf(db: Db, seen: object): Promise<JobPlace | null> {
  const { rows } = await db.query<{ createdAt: Instant; jobUuid: string }>(sql`
    select created_at as "createdAt", job_id as "jobUuid"
      from (${seen} offset ${MAX_SEARCHED - 1}::int limit 1) seen`)
  const last = rows[0]
  return last === undefined ? null : { createdAt: last.createdAt, jobId: jobIdOf(last.jobUuid) }
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
